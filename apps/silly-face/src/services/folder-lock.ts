import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Keeps a folder for this process until it ends: by a file in it that names us. One that a dead process left is taken away.
 *
 * @throws when a running process has it
 */
export function lockFolder(folder: string): void {
  const file = join(folder, 'in-use');
  const mine = `${file}.${process.pid}`;
  // A link appears with its content, or not at all because another one is there.
  writeFileSync(mine, name(process.pid) ?? '');
  try {
    while (!succeeds(() => linkSync(mine, file), 'EEXIST')) removeIfStale(file, folder);
  } finally {
    rmSync(mine);
  }
  process.on('exit', () => rmSync(file, { force: true }));
}

function removeIfStale(file: string, folder: string): void {
  const moved = `${file}.${process.pid}.stale`;
  let holder = '';
  if (!succeeds(() => (holder = readFileSync(file, 'utf8')), 'ENOENT')) return;
  refuseIfAlive(holder, folder);
  // Of several that find it stale one moves it; another one may by then move the lock of the first, and has to give it back.
  if (!succeeds(() => renameSync(file, moved), 'ENOENT')) return;
  const taken = readFileSync(moved, 'utf8');
  if (taken !== holder) succeeds(() => linkSync(moved, file), 'EEXIST');
  rmSync(moved);
  refuseIfAlive(taken, folder);
}

function refuseIfAlive(holder: string, folder: string): void {
  const pid = Number(holder.split(' ')[0]);
  if (holder !== '' && name(pid) === holder)
    throw new Error(`The data folder ${folder} is in use by process ${pid}`);
}

/** What no other process is called, also none with the same number later: on Linux the number and the time of the start. */
function name(pid: number): string | undefined {
  if (process.platform !== 'linux')
    return succeeds(() => process.kill(pid, 0), 'ESRCH') ? String(pid) : undefined;
  let stat = '';
  if (!succeeds(() => (stat = readFileSync(`/proc/${pid}/stat`, 'utf8')), 'ENOENT')) return undefined;
  // The 22nd field; the second, in parentheses, may hold anything.
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}

/** False when it fails with the expected code. */
function succeeds(attempt: () => unknown, expected: string): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== expected) throw error;
    return false;
  }
}
