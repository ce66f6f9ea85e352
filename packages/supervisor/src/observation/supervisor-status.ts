import { packageVersion } from '../version.ts';

/** What a supervisor says about its own process. */
export interface SupervisorStatus {
  readonly pid: number;
  readonly version: string;
  readonly nodeVersion: string;
  /** When the process began. */
  readonly since: Date;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

export function supervisorStatus(): SupervisorStatus {
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    version: packageVersion,
    nodeVersion: process.versions.node,
    since: new Date(performance.timeOrigin),
    rssBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
  };
}
