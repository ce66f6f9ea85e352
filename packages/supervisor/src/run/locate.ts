import { accessSync, constants, realpathSync, statSync, type Stats } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { SupervisorError } from '../errors.ts';
import type { ChildSettings } from '../options/settings.ts';

// Without waiting: a child that has just ended is started in the same moment, and creating its process looks these files up, too.

/** The file behind a script's name, links followed. Throws `SCRIPT_NOT_FOUND`. */
export function locateScript({ name, script = '', cwd = '.' }: ChildSettings): string {
  const path = resolve(cwd, script);
  // As `node` itself does for its main script. Not by require.resolve, which remembers what it once found.
  for (const candidate of [path, `${path}.js`, `${path}.mjs`, `${path}.cjs`, join(path, 'index.js')]) {
    if (isFile(candidate)) return realpathSync(candidate);
  }
  throw new SupervisorError('SCRIPT_NOT_FOUND', `Child "${name}" has no script: ${path} does not exist`, {
    child: name,
  });
}

/** Throws `COMMAND_NOT_FOUND` when the system would not find the program either. */
export function locateCommand({ name, command = '', cwd = '.' }: ChildSettings, searchPath: string): string {
  const isPath = command.includes('/');
  const places = isPath
    ? [resolve(cwd, command)]
    : searchPath.split(delimiter).map((folder) => join(folder, command));
  // Windows finds programs by rules of its own.
  if (process.platform === 'win32') return command;
  for (const place of places) {
    if (isFile(place) && isExecutable(place)) return place;
  }
  const where = isPath ? `${places[0]} is not an executable file` : `"${command}" is not on its PATH`;
  throw new SupervisorError('COMMAND_NOT_FOUND', `Child "${name}" has no program: ${where}`, { child: name });
}

/** The system would blame the program for a folder that is missing. */
export function checkFolder({ name, cwd }: ChildSettings): void {
  if (cwd === undefined || look(cwd)?.isDirectory()) return;
  const message = `Child "${name}" cannot be started: its cwd ${cwd} is not a folder`;
  throw new SupervisorError('SPAWN_FAILED', message, { child: name });
}

function isFile(path: string): boolean {
  return look(path)?.isFile() ?? false;
}

/** What cannot be looked at, for whatever reason, cannot be used either. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
