import { spawnSync } from 'node:child_process';

/**
 * The words to put before a command so that it ends when this process does, however it ends: by SIGQUIT, at which Postgres
 * releases what it shares. Linux with util-linux only; elsewhere there are none.
 */
export function dieWithParent(): string[] {
  available ??=
    process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'QUIT', 'true']).status === 0;
  return available ? ['setpriv', '--pdeathsig', 'QUIT'] : [];
}

let available: boolean | undefined;
