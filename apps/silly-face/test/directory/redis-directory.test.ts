import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { bringRedis, startRedis, type TestRedis, waitUntil } from '@silly-face/testing';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../src/directory/open-directory.ts';
import { openRedisDirectory } from '../../src/directory/redis-directory.ts';
import { describeDirectory } from './conformance/index.ts';
import { checkedIn, connectTo, emptied, newRoom, PATIENT, type Store } from './store.ts';

let redis: TestRedis;
let store: Store | undefined;
let missing: string | undefined;
// Time for its installation.
beforeAll(async () => {
  missing = await bringRedis();
  if (missing) return;
  redis = await startRedis();
  store = storeIn(redis);
}, 300_000);
beforeEach((context) => {
  if (missing) context.skip(missing);
});
afterAll(() => store?.[Symbol.asyncDispose]());

const started = (): Store => store as Store;

describe('the directory in Redis:', () => {
  describeDirectory(started);

  it('is chosen by REDIS_URL', async () => {
    const directory = openDirectory(
      { ...started().environment, DATABASE_URL: 'postgres://nowhere.invalid/x' },
      PATIENT,
    );
    const token = await directory.issueSeat({ room: 'r', player: { id: 'p', name: 'n' } }, 60_000);
    expect(await directory.redeemSeat(token)).toEqual({ room: 'r', player: { id: 'p', name: 'n' } });
    await directory.disconnect();
  });

  it('a Redis that lost everything gets it back from who owned it', async () => {
    const directory = await emptied(connectTo(started()));
    const [id, other] = await checkedIn(directory, 'party-1', 'party-2');
    const room = newRoom();
    let claim = await directory.locate(room, { to: other });
    claim = await directory.handOver(claim, id, { seq: 3, state: 'three' });
    await withClient(redis.url, (client) => client.flushAll().then(() => client.scriptFlush()));

    const load = { rooms: 1, connections: 8 };
    await expect(directory.heartbeat(id, load)).rejects.toMatchObject({ code: 'process-expired' });
    const entries = [{ seq: 4, event: 'four' }];
    expect(await directory.append([{ ...claim, entries }])).toEqual(['fence-lost']);
    // Somebody else is asked for the room first, and knows nothing of it.
    await checkedIn(directory, 'party-2');
    const ignorant = await directory.locate(room);
    expect(ignorant).toMatchObject({ fence: 1, owner: { id: other } });

    await checkedIn(directory, 'party-1');
    const regained = await directory.locate(room, { to: id, aboveFence: claim.fence });
    expect(regained.owner.id).toBe(id);
    expect(regained.fence).toBeGreaterThan(claim.fence);
    await directory.saveSnapshot(regained, { seq: 3, state: 'three' });
    expect(await directory.append([{ ...regained, entries }])).toEqual(['written']);
    expect(await directory.load(regained)).toEqual({
      snapshot: { seq: 3, state: 'three' },
      log: entries,
    });
    await expect(directory.load(ignorant)).rejects.toMatchObject({ code: 'fence-lost' });
  });

  it('forgets what nobody writes or asks for within a day', async () => {
    const directory = await emptied(connectTo(started()));
    await checkedIn(directory, 'party-1');
    const [room, closed] = [newRoom(), newRoom()];
    const entries = [{ seq: 1, event: 'one' }];
    await directory.append([{ ...(await directory.locate(room)), entries }]);
    await directory.close(await directory.locate(closed));
    await withClient(redis.url, async (client) => {
      const keys = (await client.keys('*')).filter((key) => key.includes(room) || key.includes(closed));
      expect(keys).toHaveLength(3);
      for (const key of keys) {
        const leftMs = await client.pTTL(key);
        expect(leftMs).toBeGreaterThan(0);
        expect(leftMs).toBeLessThanOrEqual(86_400_000);
      }
    });
  });

  it('forgets a room within minutes that was only asked for, and counts from the last time', async () => {
    const directory = await emptied(connectTo(started()));
    const [id] = await checkedIn(directory, 'party-1');
    await withClient(redis.url, async (client) => {
      const leftMs = async (room: string): Promise<number> => client.pTTL(await keyOf(client, room));
      const claim = await directory.locate(newRoom());
      expect(await leftMs(claim.room)).toSatisfy(isMinutes);
      await client.pExpire(await keyOf(client, claim.room), 60_000);
      await directory.locate(claim.room);
      expect(await leftMs(claim.room)).toSatisfy(isMinutes);
      // Whoever joins is logged before anybody hears of it.
      await directory.append([{ ...claim, entries: [{ seq: 1, event: 'joined' }] }]);
      await directory.locate(claim.room);
      expect(await leftMs(claim.room)).toSatisfy(isADay);
      await directory.saveSnapshot(claim, { seq: 1, state: {} });
      await directory.locate(claim.room);
      expect(await leftMs(claim.room)).toSatisfy(isADay);

      const closed = await directory.locate(newRoom());
      await directory.close(closed);
      await directory.locate(closed.room, { to: id });
      expect(await leftMs(closed.room)).toSatisfy(isADay);
    });
  });

  it('keeps all keys in one slot of a cluster', async () => {
    const content = await started().content();
    const keys = content.split('\n').map((line) => line.split(' ', 1)[0]);
    for (const key of keys) expect(key).toMatch(/^\{silly-face:party\}:/);
  });

  it('is unavailable to who may not enter', async () => {
    const directory = openRedisDirectory(redis.url.replace('//', '//nobody:wrong@'));
    await expect(directory.processes()).rejects.toMatchObject({ code: 'directory-unavailable' });
    await directory.disconnect();
  });

  it('is asked on another connection when the one that was there says nothing and is not closed', async () => {
    const { hostname, port } = new URL(redis.url);
    const ends: Socket[] = [];
    let isSilent = false;
    const relay = createServer((near) => {
      const far = connect(Number(port), hostname);
      ends.push(near, far);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const)
        from.on('data', (chunk) => void (!isSilent && to.write(chunk))).on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const directory = openRedisDirectory(`redis://127.0.0.1:${(relay.address() as AddressInfo).port}`, {
      answerMs: 500,
    });
    try {
      await waitUntil(() => directory.processes().catch(() => undefined), { what: 'an answer' });
      const first = ends.length;
      isSilent = true;
      // Until it has given the first one up.
      await waitUntil(
        () =>
          directory.processes().then(
            () => true,
            () => ends.length > first,
          ),
        { what: 'another' },
      );
      isSilent = false;
      expect(
        await waitUntil(() => directory.processes().catch(() => undefined), { what: 'an answer again' }),
      ).toBeInstanceOf(Array);
    } finally {
      await directory.disconnect();
      for (const end of ends) end.destroy();
      relay.close();
    }
  });

  it('is unavailable while Redis cannot write, and reads meanwhile', async () => {
    const directory = await emptied(connectTo(started()));
    await checkedIn(directory, 'party-1');
    await withClient(redis.url, async (client) => {
      await client.configSet('maxmemory', '1');
      try {
        await expect(directory.locate(newRoom())).rejects.toMatchObject({ code: 'directory-unavailable' });
      } finally {
        await client.configSet('maxmemory', '0');
      }
    });
    expect(await directory.locate(newRoom())).toMatchObject({ fence: 1 });
  });
});

const isMinutes = (ms: number): boolean => ms > 120_000 && ms <= 600_000;
const isADay = (ms: number): boolean => ms > 86_000_000 && ms <= 86_400_000;

async function keyOf(client: Client, room: string): Promise<string> {
  const [key] = await client.keys(`*room:${room}`);
  return key as string;
}

function storeIn(server: TestRedis): Store {
  return {
    environment: { REDIS_URL: server.url },
    get pid() {
      return server.pid as number;
    },
    connect: (options) => openRedisDirectory(server.url, options),
    stop: () => server.stop(),
    start: () => server.start(),
    content: () => withClient(server.url, contentOf),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const newClient = (url: string) => createClient({ url });
type Client = ReturnType<typeof newClient>;

async function withClient<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = newClient(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/** A line for each key. */
async function contentOf(client: Client): Promise<string> {
  const keys = await client.keys('*');
  const lines = await Promise.all(
    keys.map(async (key) => {
      const type = await client.type(key);
      const value: unknown = await {
        hash: () => client.hGetAll(key),
        zset: () => client.zRangeWithScores(key, 0, -1),
        set: () => client.sMembers(key),
        string: () => client.get(key),
      }[type as 'hash']?.();
      return `${key} ${JSON.stringify(value)}`;
    }),
  );
  return lines.join('\n');
}
