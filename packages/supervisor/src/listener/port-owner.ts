import { readFile, readdir, readlink } from 'node:fs/promises';
import { listProcesses } from '../proc.ts';

/**
 * The process that listens on a TCP port of this machine. Undefined when nobody does, when it belongs to somebody whose
 * descriptors we may not see, and on systems without /proc.
 */
export async function findPortOwner(port: number): Promise<number | undefined> {
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return undefined;
  for (const pid of listProcesses()) {
    if (await hasOneOf(pid, sockets)) return pid;
  }
  return undefined;
}

/** As the links in /proc/<pid>/fd name them. */
async function listeningSockets(port: number): Promise<Set<string>> {
  const tables = await Promise.all(['tcp', 'tcp6'].map(readTable));
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found = tables.flat().filter((row) => row[1]?.endsWith(wanted) && row[3] === LISTENING);
  return new Set(found.map((row) => `socket:[${row[9]}]`));
}

const LISTENING = '0A';

async function readTable(name: string): Promise<string[][]> {
  const text = await readFile(`/proc/net/${name}`, 'latin1').catch(() => '');
  return text.split('\n').map((line) => line.trim().split(/\s+/));
}

/** Processes of others do not show their descriptors, and those that have just ended have none. */
async function hasOneOf(pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return targets.some((target) => sockets.has(target));
}
