import { readFileSync, readdirSync } from 'node:fs';
import { waitUntil } from './wait-until.ts';

/** Whether the process runs; a zombie does not. Linux only. */
export function isAlive(pid: number): boolean {
  const state = stat(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** All processes below `pid`, children first. A process whose parent died belongs to nobody and is not among them. Linux only. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? stat(Number(name))?.parent : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const found = [pid];
  for (const ancestor of found)
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
  return found.slice(1);
}

/** Sends different signals to a process that gets all of them at the same moment, however busy the machine is. Linux only. */
export async function signalTogether(pid: number, ...signals: NodeJS.Signals[]): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await waitUntil(() => stat(pid)?.state === 'T', { what: `process ${pid} to stand still` });
  for (const signal of signals) process.kill(pid, signal);
  process.kill(pid, 'SIGCONT');
}

function stat(pid: number): { state: string; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, blanks and parentheses too.
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === undefined ? undefined : { state, parent: Number(parent) };
  } catch {
    return undefined; // It is gone.
  }
}

/** The running processes whose environment holds this text: a mark that a test gave to what it started. Linux only. */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isAlive(Number(name)) && environmentOf(name).includes(mark))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // It is gone, or another user's.
  }
}
