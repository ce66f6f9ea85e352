import { readdirSync, readFileSync } from 'node:fs';

// What Linux tells of processes. Read without waiting: the kernel answers from memory, within microseconds.

/** The ids of all processes; none on other systems. */
export function listProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A file of /proc/<pid>; empty when the process is gone, when we may not see it, and on other systems. */
export function readProcessFile(pid: number, name: string): string {
  return readText(`/proc/${pid}/${name}`, 'latin1');
}

function readText(file: string, encoding: BufferEncoding): string {
  try {
    return readFileSync(file, encoding);
  } catch {
    return '';
  }
}

/** What the kernel counts of a process; undefined where `readProcessFile` is empty. */
export interface ProcessStat {
  /** One letter: `R` runs, `S` sleeps, `Z` is dead and not buried, and so on. */
  readonly state: string;
  /** User and system time since it began, in ticks. */
  readonly cpuTicks: number;
  /** When it began, in ticks since boot: with its id this names it for ever, also when the id has come to somebody else. */
  readonly startTicks: string;
}

export function readStat(pid: number): ProcessStat | undefined {
  const stat = readProcessFile(pid, 'stat');
  if (stat === '') return undefined;
  // The name in parentheses may hold anything, blanks and parentheses too; the state behind it is the third field of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string => fields[number - 3] ?? '';
  return {
    state: field(3),
    cpuTicks: Number(field(14)) + Number(field(15)),
    startTicks: field(22),
  };
}

/** A unix socket with a path, of whatever process. */
export interface UnixSocket {
  readonly inode: string;
  /** `01` while it is not connected: it listens, or may listen later. What it has accepted is at its path as well. */
  readonly state: string;
  /** As it was given, not resolved. */
  readonly path: string;
}

/** None on other systems. */
export function listUnixSockets(): UnixSocket[] {
  return readText('/proc/net/unix', 'utf8')
    .split('\n')
    .flatMap((line) => {
      // Number, references, protocol, flags, type, state, inode, path.
      const [, state, inode, path] = /^\S+ \S+ \S+ \S+ \S+ (\S+) +(\d+) (.*)$/.exec(line) ?? [];
      return state === undefined || inode === undefined || path === undefined ? [] : [{ state, inode, path }];
    });
}
