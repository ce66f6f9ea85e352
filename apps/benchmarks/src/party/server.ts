// One of the servers, on a port of the kernel's choice.
//
//   node --expose-gc server.js <ServerSettings as JSON>
//
// Its first message is the port. To each message from its parent it answers with a ServerUsage.
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { PartyServer } from '@silly-face/backend/dist/party/party-server.js';
import { bareServer } from './bare-server.ts';
import { FanOutHandler } from './fan-out-handler.ts';
import type { ServerSettings, ServerUsage } from './settings.ts';

const { name } = JSON.parse(process.argv[2] ?? '') as ServerSettings;
const server = serverOf();
await once(server.listen(0, '127.0.0.1', 4_096), 'listening');
process.send?.((server.address() as AddressInfo).port);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  process.send?.({ cpuUs: user + system, residentBytes: process.memoryUsage.rss() } satisfies ServerUsage);
});
process.on('disconnect', () => process.exit());

function serverOf(): Server {
  if (name === 'bare net') return bareServer();
  const party = new PartyServer(new FanOutHandler(), {
    onError: (error) => {
      throw error;
    },
  });
  return name === 'ours' ? party.tcp : party.webSocket;
}
