import { spawnSync } from 'node:child_process';
import { bringDebianPackage } from './debian.ts';

/** Brings the system's own Postgres as `bringDebianPackage` does: undefined when it is there, else why it is not. */
export function bringSystemPostgres(): Promise<string | undefined> {
  return bringDebianPackage('postgresql', hasSystemPostgres);
}

function hasSystemPostgres(): boolean {
  return spawnSync('sh', ['-c', 'command -v initdb || ls /usr/lib/postgresql/*/bin/initdb']).status === 0;
}
