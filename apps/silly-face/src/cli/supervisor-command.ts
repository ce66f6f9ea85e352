import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { controlSocketPath } from '../services/data-folder.ts';

/**
 * Has the supervisor's own command, in this very process, ask the supervisor of our data folder. Its exit code becomes ours: 0 done, 1
 * failed, 2 wrong usage.
 */
export async function superviseCommand(verb: string, args: readonly string[]): Promise<void> {
  const isSocketGiven = args.some((word) => word === '-s' || /^--socket(=|$)/.test(word));
  const socket = isSocketGiven ? [] : ['--socket', controlSocketPath(process.env)];
  const script = supervisorScript();
  process.argv = [process.execPath, script, verb, ...socket, ...args];
  await import(pathToFileURL(script).href);
}

/** The script behind the package's command `supervisor`. */
function supervisorScript(): string {
  const manifest = createRequire(import.meta.url).resolve('@silly-face/supervisor/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<'supervisor', string> };
  return join(dirname(manifest), bin.supervisor);
}
