import { randomUUID } from 'node:crypto';
import { descendants } from '@silly-face/testing';
import { afterEach } from 'vitest';
import type { Directory, NewProcess } from '../../src/directory/directory.ts';
import type { DirectoryOptions } from '../../src/directory/options.ts';

/** A real server, and how to reach it. */
export interface Store extends AsyncDisposable {
  /** For a process that opens its directory itself. */
  readonly environment: Record<string, string>;
  readonly pid: number;
  connect(options?: DirectoryOptions): Directory;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Everything that it keeps, as text. */
  content(): Promise<string>;
}

const opened: Directory[] = [];

/** However busy the machine is: no lease ends, and no call is given up, unless a test is about that. */
export const PATIENT = { leaseMs: 120_000, answerMs: 30_000 };

/** It is disconnected after the test. */
export function connectTo(store: Store, options?: DirectoryOptions): Directory {
  const directory = store.connect({ ...PATIENT, ...options });
  opened.push(directory);
  return directory;
}

export function disconnectAfterEach(): void {
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((directory) => directory.disconnect()));
  });
}

/** No process of an earlier test is left. */
export async function emptied(directory: Directory): Promise<Directory> {
  for (const { id } of await directory.processes()) await directory.expel(id);
  return directory;
}

export function newProcess(name: string): NewProcess {
  return { id: `h1/${name}/4711`, host: '127.0.0.1', port: 31_337, webSocketUrl: 'ws://127.0.0.1:32337' };
}

/** Checks them in, in this order, and returns their ids. */
export async function checkedIn<Names extends string[]>(
  directory: Directory,
  ...names: Names
): Promise<{ [Each in keyof Names]: string }> {
  const ids: string[] = [];
  for (const name of names) {
    const process = newProcess(name);
    await directory.checkIn(process);
    ids.push(process.id);
  }
  return ids as { [Each in keyof Names]: string };
}

export function newRoom(): string {
  return `room-${randomUUID()}`;
}

/** All processes of the server stand still, and their sockets stay open. */
export async function whileFrozen<Result>(
  store: Pick<Store, 'pid'>,
  work: () => Promise<Result>,
): Promise<Result> {
  const pids = [store.pid, ...descendants(store.pid)];
  for (const pid of pids) signal(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    for (const pid of pids) signal(pid, 'SIGCONT');
  }
}

/** One that served a connection may end meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
