import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SupervisorError } from '../errors.ts';
import type { SupervisorOptions } from '../options.ts';

/**
 * Reads the options of a supervisor: a .json file, or the default export of a .js or .mjs module. Throws `CONFIG_NOT_LOADED`; what
 * the options say is the supervisor's to check.
 */
export async function loadConfig(file: string): Promise<SupervisorOptions> {
  const path = resolve(file);
  try {
    if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8')) as SupervisorOptions;
    const module = (await import(pathToFileURL(path).href)) as { default?: SupervisorOptions };
    if (module.default === undefined) throw new Error('it has no default export');
    return module.default;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SupervisorError('CONFIG_NOT_LOADED', `Cannot load the configuration ${path}: ${reason}`, {
      cause,
    });
  }
}
