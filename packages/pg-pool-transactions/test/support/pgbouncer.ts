import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringDebianPackage, freePort, waitUntil } from '@silly-face/testing';

/** The user and group who own nothing: PgBouncer refuses to run as root. */
const nobody = 65_534;
// It is not on everybody's PATH.
const searchPath = `${process.env['PATH']}:/usr/sbin`;

export interface PgBouncer extends AsyncDisposable {
  readonly connectionString: string;
}

/** Brings PgBouncer: undefined when it is there, else why it is not. */
export function bringPgBouncer(): Promise<string | undefined> {
  return bringDebianPackage(
    'pgbouncer',
    () => spawnSync('pgbouncer', ['--version'], { env: { PATH: searchPath } }).status === 0,
  );
}

/** A PgBouncer in transaction mode in front of a server. */
export async function startPgBouncer(target: string, connections: number): Promise<PgBouncer> {
  const { hostname, port: serverPort, username, password } = new URL(target);
  const directory = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
  const port = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]
postgres = host=${hostname} port=${serverPort} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
`,
  );
  const asRoot = process.getuid?.() === 0;
  if (asRoot) for (const path of [directory, file]) chownSync(path, nobody, nobody);
  const child = spawn('pgbouncer', ['--quiet', file], {
    env: { PATH: searchPath },
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(asRoot ? { uid: nobody, gid: nobody } : {}),
  });
  const ended = once(child, 'exit');
  await waitUntil(() => listens(port), { what: 'PgBouncer to listen' });
  return {
    connectionString: `postgres://anybody@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
