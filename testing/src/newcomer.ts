import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bareEnvironment } from './environment.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is committed here, cloned into a folder that does not exist yet. */
export function freshClone(folder: string): void {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  execFileSync('git', ['clone', '--quiet', '--no-local', root, folder]);
  execFileSync('git', ['checkout', '--quiet', commit], { cwd: folder });
}

/** The bare one, without what npm, pnpm, turbo and vitest put there for us either. */
export function newcomersEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_|pnpm_|turbo_|vitest|node_options|node_env|xdg_|ci$)/i;
  return Object.fromEntries(Object.entries(bareEnvironment()).filter(([name]) => !ours.test(name)));
}
