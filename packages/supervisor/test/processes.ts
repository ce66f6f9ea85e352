import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, waitUntil } from '@silly-face/testing';

/** Who is left, when nobody should be: those who are still there after a long while. */
export async function survivors(pids: number[]): Promise<number[]> {
  const deadline = Date.now() + 60_000;
  while (pids.some(isAlive) && Date.now() < deadline) await sleep(10);
  return pids.filter(isAlive);
}

export async function watchdogOf(supervisor: number): Promise<number> {
  return waitUntil(
    () =>
      readdirSync('/proc')
        .map(Number)
        .find(
          (pid) => statOf(pid)?.parent === supervisor && commandLine(pid).includes('supervisor-watchdog'),
        ),
    { what: 'the watchdog' },
  );
}

/** Each argument ends in a NUL; empty when the process is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // It is gone.
  }
}

export function statOf(pid: number): { parent: number; group: number; session: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, parent, group, session] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { parent: parent ?? 0, group: group ?? 0, session: session ?? 0 };
  } catch {
    return undefined; // It is gone.
  }
}
