import { randomBytes } from 'node:crypto';

export interface ProcessRun {
  readonly hostId: string;
  readonly name: string;
  readonly pid: number;
  /** From `newRun`, once for each start of what starts the process; undefined where that is of a release that knew none. */
  readonly run: string | undefined;
}

/**
 * As the directory knows this run of a process. Host, name and pid alone come again: what is started anew elsewhere, in the place
 * of a machine that is only cut off, has the same name and the same small pids, and the two would be one to the directory.
 */
export function partyProcessId({ hostId, name, pid, run }: ProcessRun): string {
  return [hostId, name, pid, ...(run === undefined ? [] : [run])].join('/');
}

export function newRun(): string {
  return randomBytes(8).toString('hex');
}
