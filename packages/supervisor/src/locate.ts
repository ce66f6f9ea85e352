import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { SupervisorError } from './errors.ts';
import type { ChildSettings } from './settings.ts';

/** The file behind a script's name, links followed. Throws `SCRIPT_NOT_FOUND`. */
export async function locateScript({ name, script = '', cwd = '.' }: ChildSettings): Promise<string> {
  const path = resolve(cwd, script);
  // As `node` itself does for its main script. Not by require.resolve, which remembers what it once found.
  for (const candidate of [path, `${path}.js`, `${path}.mjs`, `${path}.cjs`, join(path, 'index.js')]) {
    if (await isFile(candidate)) return realpath(candidate);
  }
  throw new SupervisorError('SCRIPT_NOT_FOUND', `Child "${name}" has no script: ${path} does not exist`, {
    child: name,
  });
}

/** Throws `COMMAND_NOT_FOUND` when the system would not find the program either. */
export async function locateCommand(
  { name, command = '', cwd = '.' }: ChildSettings,
  searchPath: string,
): Promise<string> {
  const isPath = command.includes('/');
  const places = isPath
    ? [resolve(cwd, command)]
    : searchPath.split(delimiter).map((folder) => join(folder, command));
  // Windows finds programs by rules of its own.
  if (process.platform === 'win32') return command;
  for (const place of places) {
    if ((await isFile(place)) && (await isExecutable(place))) return place;
  }
  const where = isPath ? `${places[0]} is not an executable file` : `"${command}" is not on its PATH`;
  throw new SupervisorError('COMMAND_NOT_FOUND', `Child "${name}" has no program: ${where}`, { child: name });
}

/** The system would blame the program for a folder that is missing. */
export async function checkFolder({ name, cwd }: ChildSettings): Promise<void> {
  if (cwd === undefined) return;
  const isFolder = await stat(cwd).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (isFolder) return;
  const message = `Child "${name}" cannot be started: its cwd ${cwd} is not a folder`;
  throw new SupervisorError('SPAWN_FAILED', message, { child: name });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
