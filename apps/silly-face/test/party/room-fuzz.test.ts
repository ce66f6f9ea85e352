import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import * as fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Directory } from '../../src/directory/directory.ts';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { FACES } from '../../src/game/faces.ts';
import { drainRooms } from '../../src/party/drain.ts';
import { Room } from '../../src/party/room.ts';
import { RoomsHandler } from '../../src/party/party-handler.ts';
import { PartyServer } from '../../src/party/party-server.ts';
import { Rooms } from '../../src/party/rooms.ts';
import { startMigratedPostgres } from '../directory/migrated-postgres.ts';
import { PartyClient } from './party-client.ts';

let postgres: Awaited<ReturnType<typeof startMigratedPostgres>>;
let directory: Directory;
beforeAll(async () => {
  postgres = await startMigratedPostgres();
  directory = openPostgresDirectory(postgres.connectionString, { answerMs: 20_000, leaseMs: 120_000 });
});
afterAll(async () => {
  await directory.disconnect();
  await postgres[Symbol.asyncDispose]();
});

const warnings: string[] = [];

async function startRooms(id: string): Promise<{ rooms: Rooms; server: PartyServer; port: number }> {
  const warn = (fields: object, message: string): void =>
    void warnings.push(`${message} ${JSON.stringify(fields)}`);
  const portOf = (): number => (server.tcp.address() as AddressInfo).port;
  const rooms: Rooms = new Rooms({
    directory,
    id,
    address: () => ({ host: '127.0.0.1', port: portOf(), webSocketUrl: 'ws://127.0.0.1:1' }),
    log: { info: () => {}, warn, error: warn },
    leaseMs: 120_000,
    heartbeatMs: 1000,
    tickMs: 20,
    closeEmptyMs: 20,
    snapshotEvery: 50,
  });
  const server = new PartyServer(new RoomsHandler(rooms), {
    limits: { framesPerSecond: 1e5, frameBurst: 1e5, unsentBytes: 1e9, closeTimeoutMs: 30_000 },
    onError: (error) => warnings.push(String(error)),
  });
  server.tcp.listen(0, '127.0.0.1');
  await once(server.tcp, 'listening');
  await rooms.start();
  onTestFinished(async () => {
    await Promise.all([rooms.stop(), server.close()]);
  });
  return { rooms, server, port: portOf() };
}

const id = fc.oneof(fc.nat(40).map(String), fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'id'));
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '\0',
    '\uD800',
    'a\uDC00b',
    '\u2028',
    '\uFFFF',
    '👩‍👩‍👧',
    'x'.repeat(1000),
    'é'.repeat(500),
    '%s $1 \\',
  ),
  fc.constantFrom('x'.repeat(8100), '\n', ' ', '{"cmd":"LEAVE"}', "'; DROP TABLE party_log; --"),
);
const face = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...FACES) }, { weight: 1, arbitrary: hostile });
const number = fc.constantFrom(0, -1, 1e308, 2 ** 53, -0, 0.1);
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ cmd: fc.constant('CHAT'), id, text: hostile }) },
  {
    weight: 3,
    arbitrary: fc.record({
      cmd: fc.constant('SHOW'),
      id,
      face,
      photo: fc.option(hostile, { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ cmd: fc.constant('GUESS'), id, face }) },
  {
    weight: 1,
    arbitrary: fc.record({ cmd: fc.constantFrom('LEAVE', 'AUTH', 'RING', 'PING'), id, token: hostile }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ cmd: fc.constantFrom('CHAT', 'GUESS', 'SHOW'), id: number, text: number }),
  },
);

describe('fuzzed commands of members', () => {
  it(
    '10,000 of them, leave rooms that come back as they were, and nothing else',
    { timeout: 120_000 },
    async () => {
      const { rooms, server, port } = await startRooms('fuzzed');
      const commands = fc.sample(command, 10_000);
      const names = Array.from({ length: 16 }, (_, index) => `p${index}`);
      let refused = 0;
      const abuse = async (name: string, index: number): Promise<void> => {
        const room = `fuzz ${index % 2}`;
        while (commands.length > 0) {
          await directory.locate(room, { to: 'fuzzed' });
          const token = await directory.issueSeat({ room, player: { id: name, name } }, 60_000);
          const client = await PartyClient.connect('TCP', port);
          client.send({ cmd: 'AUTH', token });
          await client.next('WELCOME');
          for (let next = commands.pop(); next; next = commands.pop()) {
            client.send(next);
            client.send({ cmd: 'RING' });
            const isOver = await client.next('AHOY-HOY').then(
              () => false,
              () => true,
            );
            if (isOver) break;
          }
          client.destroy();
          refused += client.all('ERROR').length + client.all('BYE').length;
        }
      };
      await Promise.all(names.map(abuse));
      expect(refused).toBeGreaterThan(1000);
      expect(warnings).toEqual([]);
      await waitUntil(() => server.connections.size === 0, { what: 'no connection' });
      expect(rooms.metrics).toMatchObject({ connections: 0, dropped: 0, lost: 0 });
      await waitUntil(() => [...rooms].every((room) => rooms.log.unwritten(room) === 0), { what: 'the log' });
      const before = [...rooms].map((room) => ({ name: room.name, party: partyOf(room) }));
      expect(before).toHaveLength(2);
      // One comes back from its log, as after a crash, the other as it is handed over.
      const next = await startRooms('next');
      const [{ name, party } = { name: '', party: undefined }] = before;
      await rooms.stop();
      const { rooms: another } = await startRooms('another');
      await directory.expel('fuzzed');
      expect(partyOf(await another.open(name))).toEqual(party);
      await drainRooms(another, AbortSignal.timeout(60_000));
      await directory.expel('another');
      expect(partyOf(await next.rooms.open(name))).toEqual(party);
      expect(warnings).toEqual([]);
    },
  );
});

describe('the rooms of a process', () => {
  it(
    'of which 2,000 are opened and left, and 2,000 asked for in vain, leave nothing behind',
    { timeout: 120_000 },
    async () => {
      const { rooms, server, port } = await startRooms('visited');
      let visits = 0;
      const visit = async (): Promise<void> => {
        while (visits < 4000) {
          const turn = (visits += 1);
          const room = `visit ${turn}`;
          const client = await PartyClient.connect('TCP', port);
          if (turn % 2 === 0) {
            await directory.locate(room, { to: 'visited' });
            const token = await directory.issueSeat({ room, player: { id: 'anna', name: 'anna' } }, 60_000);
            client.send({ cmd: 'AUTH', token });
            await client.next('WELCOME');
            client.send({ cmd: 'LEAVE', id: '1' });
          } else client.send({ cmd: 'AUTH', room, resume: 'nobody', after: 0 });
          await client.closed;
          expect(client.frames.at(-1)).toMatchObject({ cmd: 'BYE' });
        }
      };
      await Promise.all(Array.from({ length: 16 }, visit));
      await waitUntil(() => rooms.isEmpty && server.connections.size === 0, { what: 'no room' });
      expect(rooms.metrics).toMatchObject({ rooms: 0, connections: 0 });
      expect(warnings).toEqual([]);
      const client = new Client(postgres.connectionString);
      await client.connect();
      onTestFinished(() => client.end());
      // Of those that were never made not even a fence.
      const visited = await client.query(`SELECT FROM party_rooms WHERE room LIKE 'visit %'`);
      expect(visited.rowCount).toBe(2000);
      for (const table of ['party_log', 'party_snapshots', 'party_seats'])
        expect(
          (await client.query(`SELECT FROM ${table} WHERE ${table}::text LIKE '%visit%'`)).rowCount,
        ).toBe(0);
    },
  );
});

/** As JSON has it. */
function partyOf(room: unknown): object {
  if (!(room instanceof Room)) throw new Error('The room is elsewhere');
  return JSON.parse(JSON.stringify(room.state.party)) as object;
}
