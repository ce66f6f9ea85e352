import { setTimeout as sleep } from 'node:timers/promises';
import { readProcessFile } from '../proc.ts';

/** What the kernel says of a process's main thread. */
export interface KernelState {
  /** Stopped by a signal or by a tracer: somebody looks at it. */
  readonly isHeld: boolean;
  /** The kernel function in which it waits without having woken up; undefined when it runs, or nobody may know. */
  readonly waitsIn: string | undefined;
  /** SIGUSR1 would end the process. */
  readonly isEndedBySigusr1: boolean;
}

/** Only Linux tells; elsewhere, and of a process that is gone, nothing is known. */
export async function readKernelState(pid: number): Promise<KernelState> {
  const before = readStatus(pid);
  const isHeld = /^[Tt]/.test(before.get('State') ?? '');
  const caught = before.get('SigCgt');
  return {
    isHeld,
    waitsIn: isHeld ? undefined : await findWait(pid, before),
    isEndedBySigusr1: caught !== undefined && (BigInt(`0x${caught}`) & SIGUSR1_BIT) === 0n,
  };
}

const SIGUSR1_BIT = 1n << 9n;

async function findWait(pid: number, before: ReadonlyMap<string, string>): Promise<string | undefined> {
  if (!isAsleep(before)) return undefined;
  await sleep(STILL_MS);
  const after = readStatus(pid);
  // One that has woken up in the meantime is busy, however short its turns are.
  if (!isAsleep(after) || after.get(WAKE_UPS) !== before.get(WAKE_UPS)) return undefined;
  const place = readProcessFile(pid, 'wchan');
  return place === '' || place === '0' ? undefined : place;
}

const STILL_MS = 10;
const WAKE_UPS = 'voluntary_ctxt_switches';

function isAsleep(status: ReadonlyMap<string, string>): boolean {
  return /^[SD]/.test(status.get('State') ?? '');
}

function readStatus(pid: number): Map<string, string> {
  const lines = readProcessFile(pid, 'status').split('\n');
  return new Map(lines.map((line) => line.split(':\t', 2).map((part) => part.trim()) as [string, string]));
}
