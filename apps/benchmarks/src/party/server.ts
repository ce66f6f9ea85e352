// One of the servers, on a port of the kernel's choice.
//
//   node --expose-gc server.js <ServerSettings as JSON>
//
// Its first message is the port. To each ServerQuestion it answers with a ServerUsage, or with a number of bytes.
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '@silly-face/backend/dist/directory/directory.js';
import { openDirectory } from '@silly-face/backend/dist/directory/open-directory.js';
import { RoomsHandler } from '@silly-face/backend/dist/party/party-handler.js';
import { PartyServer } from '@silly-face/backend/dist/party/party-server.js';
import { Rooms } from '@silly-face/backend/dist/party/rooms.js';
import { bareServer } from './bare-server.ts';
import { FanOutHandler } from './fan-out-handler.ts';
import type { ServerQuestion, ServerSettings, ServerUsage } from './settings.ts';

const { name, id, databaseUrl } = JSON.parse(process.argv[2] ?? '') as ServerSettings;
const address = (): Address => ({ host: '127.0.0.1', port: portOf(server), webSocketUrl: 'ws://127.0.0.1' });
const rooms = name.startsWith('ours') ? roomsOf(databaseUrl) : undefined;
const server = serverOf();
await once(server.listen(0, '127.0.0.1', 4_096), 'listening');
await rooms?.start();
process.send?.(portOf(server));
process.on('message', (question: ServerQuestion) => {
  if (question === 'usage') process.send?.(usage());
  else void residentBytes().then((bytes) => process.send?.(bytes));
});
process.on('disconnect', () => process.exit());

function usage(): ServerUsage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, refused: rooms?.metrics.dropped ?? 0 };
}

/** What one collection has emptied is given back with a later one. */
async function residentBytes(): Promise<number> {
  for (let count = 0; count < 3; count += 1) {
    globalThis.gc?.();
    await sleep(200);
  }
  return process.memoryUsage.rss();
}

function serverOf(): Server {
  if (name === 'bare net') return bareServer();
  const party = new PartyServer(rooms ? new RoomsHandler(rooms) : new FanOutHandler(), { onError: fail });
  return name === 'ours, WebSocket' ? party.webSocket : party.tcp;
}

function roomsOf(DATABASE_URL: string): Rooms {
  const log = { info: () => {}, warn: (_: object, message: string) => console.error(message), error: fail };
  return new Rooms({ directory: openDirectory({ DATABASE_URL }), id, address, log });
}

function portOf(listening: Server): number {
  return (listening.address() as AddressInfo).port;
}

function fail(error: unknown): never {
  throw error;
}
