import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.ts';
import { listProcesses } from '../proc.ts';
import { signalProcess } from './signal.ts';

/**
 * The variable by which a process is known as ours, whatever session or group it has moved to: everything that a child starts
 * inherits it. Its value is `<supervisor>.<run>.`
 */
export const COOKIE_VARIABLE = 'SUPERVISOR_FAMILY';

/**
 * Ends with SIGKILL every process that carries the cookie, until none is found: one that forks while we look gets another
 * look. Only Linux shows the environment of others; elsewhere nothing is found.
 *
 * It is in the way of the next start of the child, unless that has held sockets: then the new process is spawned in this turn of the
 * event loop, and the search begins in the next. Read one after the other, 100 environments take 1 ms and 600 take 5; through
 * the thread pool that would be 6 and 31. The event loop has its turn after every few.
 */
export async function endCarriers(cookie: string): Promise<void> {
  const entry = Buffer.from(`${COOKIE_VARIABLE}=${cookie}`);
  const deadline = nowMs() + SHORTAGE_LIMIT_MS;
  for (let round = 0; round < MAX_ROUNDS;) {
    await nextTurn();
    try {
      if ((await endOnce(entry)) === 0) return;
      round += 1;
    } catch (error) {
      if (!isShortage(error)) throw error;
      // Nothing can be started either; the end of the supervisor ends what stays.
      if (nowMs() >= deadline) return warnOfShortage(error as Error);
      await sleep(SHORTAGE_PAUSE_MS);
    }
  }
}

const MAX_ROUNDS = 10;
const SHORTAGE_LIMIT_MS = 5_000;
const SHORTAGE_PAUSE_MS = 100;

/** No descriptor is left, to this process or on the machine. */
function isShortage(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}

function warnOfShortage({ message }: Error): void {
  process.emitWarning(`What a child has left behind may live on, it cannot be searched for (${message})`, {
    type: 'SupervisorWarning',
    code: 'SUPERVISOR_LEFTOVERS_NOT_SEARCHED',
  });
}

/** How many were found. Each is ended as soon as it is, before its id can be somebody else's. */
async function endOnce(entry: Buffer): Promise<number> {
  let found = 0;
  for (const [index, pid] of listProcesses().entries()) {
    if (index % READS_A_TURN === READS_A_TURN - 1) await nextTurn();
    if (pid === process.pid || !environmentHolds(pid, entry)) continue;
    found += 1;
    signalProcess(pid, 'SIGKILL');
  }
  return found;
}

const READS_A_TURN = 32;

function environmentHolds(pid: number, entry: Buffer): boolean {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/environ`, 'r');
    return contentHolds(file, entry);
  } catch (error) {
    if (isShortage(error)) throw error;
    return false; // It has just ended, or is another user's: no carrier either way.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

// Synchronous reads share it. A longer environment is read in parts that overlap.
const part = Buffer.allocUnsafe(64 * 1024);

function contentHolds(file: number, entry: Buffer): boolean {
  // The NUL before the name keeps a value that merely mentions the cookie from being taken for it.
  part[0] = 0;
  const wanted = Buffer.concat([Buffer.of(0), entry]);
  for (let kept = 1; ;) {
    const read = readSync(file, part, kept, part.length - kept, null);
    if (read === 0) return false;
    const end = kept + read;
    if (part.subarray(0, end).includes(wanted)) return true;
    kept = Math.min(wanted.length, end);
    part.copyWithin(0, end - kept, end);
  }
}
