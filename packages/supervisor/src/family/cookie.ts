import { readFile, readdir } from 'node:fs/promises';
import { kill } from 'node:process';

/**
 * The variable by which a process is known as ours, whatever session or group it has moved to: everything that a child starts
 * inherits it. Its value is `<supervisor>.<run>.`
 */
export const COOKIE_VARIABLE = 'SUPERVISOR_FAMILY';

/**
 * Ends with SIGKILL every process that carries the cookie, until none is found: one that forks while we look gets another
 * look. Only Linux shows the environment of others; elsewhere nothing is found.
 */
export async function endCarriers(cookie: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const carriers = await findCarriers(cookie);
    if (carriers.length === 0) return;
    for (const pid of carriers) endProcess(pid);
  }
}

const MAX_ROUNDS = 10;

async function findCarriers(cookie: string): Promise<number[]> {
  // The NUL before the name keeps a value that merely mentions the cookie from being taken for it.
  const entry = `\0${COOKIE_VARIABLE}=${cookie}`;
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const carriers: number[] = [];
  for (let start = 0; start < processes.length; start += READS_AT_ONCE) {
    const batch = processes.slice(start, start + READS_AT_ONCE);
    const environments = await Promise.all(batch.map(readEnvironment));
    carriers.push(...batch.filter((_, index) => environments[index]?.includes(entry)).map(Number));
  }
  return carriers.filter((pid) => pid !== process.pid);
}

// A machine may run more processes than we may have open files.
const READS_AT_ONCE = 32;

/** Processes of others cannot be read, and those that have just ended are no longer there: neither is a carrier. */
async function readEnvironment(pid: string): Promise<string> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return `\0${environment}`;
}

function endProcess(pid: number): void {
  try {
    kill(pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
