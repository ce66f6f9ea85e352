import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import type { Listen } from '../config.ts';

/** What comes over a unix socket has no address. It comes from this machine, and whoever looks at addresses is told so. */
export async function listen(server: Server, where: Listen): Promise<void> {
  // As an argument: for a descriptor the option of this name does not count.
  server.listen(where, BACKLOG);
  await once(server, 'listening'); // Rejects with the server's error.
  // Null for a unix socket that was inherited.
  const address = server.address();
  if (address === null || typeof address === 'string') server.on('connection', tellLocal);
}

/** All clients of a process that is replaced come at the same time, and whoever finds no place in the queue waits for a second. */
const BACKLOG = 4096;

function tellLocal(socket: Socket): void {
  Object.defineProperty(socket, 'remoteAddress', { value: '127.0.0.1' });
}
