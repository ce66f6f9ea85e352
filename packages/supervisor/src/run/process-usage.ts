import { readProcessFile, readStat } from '../proc.ts';

/** What a process uses of the machine. */
export interface ProcessUsage {
  readonly rssBytes: number;
  /** User and system time since it began. */
  readonly cpuSeconds: number;
}

/** With what its process uses at the moment. */
export function withUsage<T extends { readonly pid: number | undefined }>(
  status: T,
): T & { [K in keyof ProcessUsage]: ProcessUsage[K] | undefined } {
  const usage = status.pid === undefined ? undefined : readUsage(status.pid);
  return { ...status, rssBytes: usage?.rssBytes, cpuSeconds: usage?.cpuSeconds };
}

/** Undefined when the process is gone, and on systems without /proc. */
export function readUsage(pid: number): ProcessUsage | undefined {
  const rssKibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(readProcessFile(pid, 'status'))?.[1];
  const stat = readStat(pid);
  if (rssKibibytes === undefined || !stat) return undefined;
  return { rssBytes: Number(rssKibibytes) * 1024, cpuSeconds: stat.cpuTicks / TICKS_PER_SECOND };
}

// USER_HZ: Linux has shown times in hundredths to programs ever since, whatever its own clock does.
const TICKS_PER_SECOND = 100;
