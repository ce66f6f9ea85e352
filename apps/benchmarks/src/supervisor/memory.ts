import { readFileSync } from 'node:fs';

/** What of a process is resident now, or was at most. Linux only. */
export function residentMiB(pid: number, which: 'now' | 'at most'): number {
  const field = which === 'now' ? 'VmRSS' : 'VmHWM';
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}
