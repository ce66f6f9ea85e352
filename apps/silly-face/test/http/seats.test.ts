import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Directory, DirectoryError, type Seat } from '../../src/directory/directory.ts';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { newPlayer } from './client.ts';
import { startRig } from './rig.ts';

const owner = {
  id: 'h1/party-1/1',
  host: 'party.test',
  port: 31_337,
  webSocketUrl: 'ws://party.test:32337',
  rooms: 0,
  connections: 0,
  startedAt: 0,
  draining: false,
};
let failure: DirectoryError | undefined;
let issued: Seat[] = [];

/** The part of a directory that seats need; the directories themselves have tests of their own. */
const directory = {
  async locate(room: string) {
    if (failure) throw failure;
    return { room, fence: 1, owner };
  },
  async issueSeat(seat: Seat) {
    issued.push(seat);
    return `token-${issued.length}`;
  },
  async disconnect() {},
} as Partial<Directory> as Directory;

const rig = await startRig({ directory: () => directory });
afterAll(() => rig[Symbol.asyncDispose]());
const anna = await newPlayer(rig);
beforeEach(() => {
  failure = undefined;
  issued = [];
});

describe('a seat', () => {
  it('is in the room that was asked for, whatever the case, and says where that is', async () => {
    const { status, body } = await anna.post('/party/seats', { room: 'abcd' });
    expect(status).toBe(201);
    const { host, port, webSocketUrl } = owner;
    expect(body).toEqual({ room: 'ABCD', host, port, webSocketUrl, token: 'token-1' });
    expect(issued).toEqual([{ room: 'ABCD', player: { id: anna.id, name: anna.name } }]);
  });

  it('is in a new room when none was asked for', async () => {
    const rooms = new Set<string>();
    for (let index = 0; index < 5; index++) rooms.add((await anna.post('/party/seats', {})).body.room);
    expect(rooms.size).toBe(5);
    for (const room of rooms) expect(room).toMatch(/^[B-Z2-9]{6}$/);
  });

  it('is a new one in the same room when the request is repeated, and no token is kept', async () => {
    const key = randomUUID();
    const first = await anna.post('/party/seats', {}, { key });
    const second = await anna.post('/party/seats', {}, { key });
    expect(second.body.room).toBe(first.body.room);
    expect(second.body.token).not.toBe(first.body.token);
    expect(JSON.stringify(await rig.everything())).not.toContain(first.body.token);
    expect(await anna.post('/party/seats', { room: 'WXYZ' }, { key })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
  });

  it.each(['', 'abc', 'a room', 'x'.repeat(13), '../..'])(
    'is refused for a code that is none: %j',
    async (room) => {
      expect(await anna.post('/party/seats', { room })).toMatchObject({
        status: 422,
        body: { code: 'room-code-invalid' },
      });
    },
  );

  it.each([
    ['no-process', 'no-party-process'],
    ['directory-unavailable', 'directory-unavailable'],
  ] as const)('is not to be had at the moment: %s', async (code, answered) => {
    failure = new DirectoryError(code, 'As the test wants it');
    const { status, headers, body } = await anna.post('/party/seats', { room: 'ABCD' });
    expect({ status, code: body.code }).toEqual({ status: 503, code: answered });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

it('is one that the directory in Postgres knows, in a room that stays where it is', async () => {
  await using own = await startRig({ directory: (url) => openPostgresDirectory(url) });
  const bert = await newPlayer(own);
  expect((await bert.post('/party/seats', {})).body.code).toBe('no-party-process');
  const { host, port, webSocketUrl } = owner;
  await own.parties.checkIn({ id: owner.id, host, port, webSocketUrl });
  const { status, body } = await bert.post('/party/seats', {});
  expect(status).toBe(201);
  await own.parties.checkIn({ id: 'h1/party-2/2', host, port: port + 1, webSocketUrl });
  expect((await bert.post('/party/seats', { room: body.room })).body.port).toBe(port);
  expect(await own.parties.redeemSeat(body.token)).toEqual({
    room: body.room,
    player: { id: bert.id, name: bert.name },
  });
});
