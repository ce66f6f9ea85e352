import { readFileSync } from 'node:fs';

/** What a process uses of the machine. */
export interface ProcessUsage {
  readonly rssBytes: number;
  /** User and system time since it began. */
  readonly cpuSeconds: number;
}

/** With what its process uses at the moment. Not awaited: the kernel answers from memory, within microseconds. */
export function withUsage<T extends { readonly pid: number | undefined }>(
  status: T,
): T & { [K in keyof ProcessUsage]: ProcessUsage[K] | undefined } {
  const usage = status.pid === undefined ? undefined : readUsage(status.pid);
  return { ...status, rssBytes: usage?.rssBytes, cpuSeconds: usage?.cpuSeconds };
}

/** Undefined when the process is gone, and on systems without /proc. */
export function readUsage(pid: number): ProcessUsage | undefined {
  try {
    return usageOf(
      readFileSync(`/proc/${pid}/status`, 'latin1'),
      readFileSync(`/proc/${pid}/stat`, 'latin1'),
    );
  } catch {
    return undefined;
  }
}

function usageOf(status: string, stat: string): ProcessUsage | undefined {
  const rssKibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  if (rssKibibytes === undefined) return undefined;
  // The name before the last parenthesis may contain anything; user and system time are the 12th and 13th word after it.
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(words[11]) + Number(words[12]);
  return { rssBytes: Number(rssKibibytes) * 1024, cpuSeconds: ticks / TICKS_PER_SECOND };
}

// USER_HZ: Linux has shown times in hundredths to programs ever since, whatever its own clock does.
const TICKS_PER_SECOND = 100;
