import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { SupervisorOptions } from '../options/options.ts';
import { findError } from './find-error.ts';
import { importAnew } from './import-anew.ts';
import { parseJson } from './json-position.ts';
import { showPosition } from './position.ts';

/**
 * Reads the options of a supervisor: a .json file, or the default export of a .js, .mjs or .ts module. Called again, it reads
 * the file as it is then. Throws `CONFIG_NOT_LOADED`, with the place of what is wrong; what the options say is the supervisor's to check.
 */
export async function loadConfig(file: string): Promise<SupervisorOptions> {
  const path = resolve(file);
  const ending = extname(path);
  if (!endings.has(ending)) {
    throw notLoaded(path, `expected a file that ends in ${[...endings].join(', ')}`);
  }
  return ending === '.json' ? readJson(path) : importModule(path, ending);
}

const typescript = new Set(['.ts', '.mts', '.cts']);
const endings = new Set(['.json', '.js', '.mjs', '.cjs', ...typescript]);

async function readJson(path: string): Promise<SupervisorOptions> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw notLoaded(path, cause.message, cause);
  });
  const { value, error } = parseJson(text);
  if (error) throw notLoaded(path, await showPosition({ ...error, file: path }, error.message));
  if (typeof value !== 'object' || value === null || !('$schema' in value)) return value as SupervisorOptions;
  // What editors read; it is no option.
  const { $schema: _schema, ...options } = value;
  return options;
}

async function importModule(path: string, ending: string): Promise<SupervisorOptions> {
  if (typescript.has(ending) && !('typescript' in process.features && process.features.typescript)) {
    const why = `Node.js ${process.versions.node} does not run TypeScript: use 22.18 or later, or write it as .mjs or .json`;
    throw notLoaded(path, why);
  }
  let options: unknown;
  try {
    options = await importAnew(path);
  } catch (cause) {
    const reason = reasonOf(cause);
    const position = await findError(cause, path);
    throw notLoaded(path, position ? await showPosition(position, reason) : reason, cause);
  }
  if (options === undefined) throw notLoaded(path, 'it has no default export');
  return options as SupervisorOptions;
}

function notLoaded(path: string, reason: string, cause?: unknown): SupervisorError {
  return new SupervisorError('CONFIG_NOT_LOADED', `Cannot load the configuration ${path}: ${reason}`, {
    cause,
  });
}
