import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { PostgresLocalError } from './errors.ts';

const lowest = 20_000;
/** From 32768 on the kernel gives ports to outgoing connections: a server's port up there can be taken any time. */
const firstEphemeral = 32_768;

/**
 * A TCP port of 127.0.0.1 that nobody listens on right now, between 20000 and 32767, for servers that can't inherit a socket.
 *
 * @throws {PostgresLocalError} `NO_FREE_PORT`
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(lowest, firstEphemeral);
    if (await isPortFree(port, '127.0.0.1')) return port;
  }
  throw new PostgresLocalError(
    'NO_FREE_PORT',
    'Looked for a free port between 20000 and 32767: 100 tries, all taken',
  );
}

/** Whether a server could listen there right now. */
export function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
