import { once } from 'node:events';
import type { Server } from 'node:net';
import type { ApiConfig } from '../config.ts';

export async function listen(server: Server, where: ApiConfig['listen']): Promise<void> {
  server.listen(where);
  await once(server, 'listening'); // Rejects with the server's error.
}
