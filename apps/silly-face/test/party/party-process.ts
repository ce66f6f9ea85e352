import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Address } from '../../src/directory/directory.ts';
import { drainRooms } from '../../src/party/drain.ts';
import type { PartyLimits } from '../../src/party/limits.ts';
import type { RoomOptions } from '../../src/party/options.ts';
import { RoomsHandler } from '../../src/party/party-handler.ts';
import { PartyServer } from '../../src/party/party-server.ts';
import { Rooms } from '../../src/party/rooms.ts';
import { MemoryDirectory } from './memory-directory.ts';
import type { MemoryStore } from './memory-store.ts';

/** What a party process is made of, in this process: several of them share a store. */
export interface PartyProcess extends AsyncDisposable {
  readonly id: string;
  readonly address: Address;
  /** Where it listens, whatever it advertises. */
  readonly bound: Address;
  readonly rooms: Rooms;
  readonly directory: MemoryDirectory;
  /** What it had to say with warn and error. */
  readonly warnings: string[];
  readonly server: PartyServer;
  /** A seat in the room, which this process has from now on if nobody else does. */
  seat(room: string, name: string): Promise<string>;
  /** As after SIGTERM; what does not go in time is left to the log. */
  drain(limitMs?: number): Promise<void>;
  /** As by SIGKILL: nothing is written any more, and nobody hears why. The directory learns it when somebody tells. */
  crash(): Promise<void>;
}

export interface PartyProcessOptions extends RoomOptions {
  readonly limits?: Partial<PartyLimits>;
  /** Instead of its own, as one that is reached by the held socket of its predecessor. */
  readonly advertised?: Address;
}

let started = 0;

export async function startPartyProcess(
  store: MemoryStore,
  { limits = {}, advertised, ...options }: PartyProcessOptions = {},
): Promise<PartyProcess> {
  const id = `here/party/${(started += 1)}`;
  const directory = new MemoryDirectory(store);
  const warnings: string[] = [];
  const warn = (_: object, message: string): void => void warnings.push(message);
  const address = (): Address => advertised ?? addressOf(server);
  const rooms = new Rooms({
    directory,
    id,
    address,
    log: { info: () => {}, warn, error: warn },
    leaseMs: store.leaseMs,
    heartbeatMs: Math.min(1000, store.leaseMs / 5),
    tickMs: 20,
    ...options,
  });
  const server = new PartyServer(new RoomsHandler(rooms), {
    limits: { closeTimeoutMs: 1000, framesPerSecond: 1000, frameBurst: 2000, ...limits },
    onError: (error) => warnings.push(String(error)),
  });
  for (const each of [server.tcp, server.webSocket]) {
    each.listen(0, '127.0.0.1');
    await once(each, 'listening');
  }
  await rooms.start();
  const bound = addressOf(server);
  let ended: Promise<void> | undefined;
  const endOnce = async (): Promise<void> => {
    await Promise.all([rooms.stop(), server.close()]);
  };
  const end = (): Promise<void> => (ended ??= endOnce());
  return {
    id,
    address: advertised ?? bound,
    bound,
    rooms,
    directory,
    warnings,
    server,
    async seat(room, name) {
      await directory.locate(room, { to: id });
      return directory.issueSeat({ room, player: { id: `id of ${name}`, name } }, 60_000);
    },
    async drain(limitMs = 30_000) {
      server.stopAccepting();
      await drainRooms(rooms, AbortSignal.timeout(limitMs));
      await end();
      await directory.expel(id);
    },
    async crash() {
      directory.isDown = true;
      server.stopAccepting();
      for (const connection of server.connections) connection.end();
      await end();
    },
    [Symbol.asyncDispose]: end,
  };
}

function addressOf(server: PartyServer): Address {
  const { port } = server.tcp.address() as AddressInfo;
  const { port: webSocketPort } = server.webSocket.address() as AddressInfo;
  return { host: '127.0.0.1', port, webSocketUrl: `ws://127.0.0.1:${webSocketPort}` };
}
