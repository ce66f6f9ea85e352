import { setTimeout as sleep } from 'node:timers/promises';
import { bringRedis, descendants, startRedis, type TestRedis, waitUntil } from '@silly-face/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDirectory } from '../../src/directory/open-directory.ts';
import { type SoakedBackend, startBackend } from './backend.ts';
import { PartyCrowd } from './party-crowd.ts';
import { scaled } from './scale.ts';

const rooms = scaled({ short: 50, long: 625 });
/** Longer than the lease of a process. */
const frozenMs = scaled({ short: 7_000, long: 10_000 });

let whyNoRedis: string | undefined;
beforeAll(async () => {
  whyNoRedis = await bringRedis();
}, 120_000);

describe(`with Redis as directory of ${rooms} rooms,`, () => {
  test.for([
    { name: 'it is restarted', happen: (redis: TestRedis) => restart(redis), isSeen: false },
    { name: 'it is frozen', happen: (redis: TestRedis) => freeze([redis.pid as number]), isSeen: true },
  ])(
    '$name: members are told, and afterwards all goes on with nothing lost, doubled or reordered',
    { timeout: 300_000 },
    async ({ happen, isSeen }, context) => {
      if (whyNoRedis !== undefined) context.skip(whyNoRedis);
      await using redis = await startRedis();
      await using _ = await startBackend({ REDIS_URL: redis.url }, { bots: false });
      const crowd = await goThrough({ REDIS_URL: redis.url }, () => happen(redis));
      expect(crowd.differences()).toEqual([]);
      expect(crowd.refusals).toBeGreaterThanOrEqual(isSeen ? 1 : 0);
    },
  );
});

describe(`with Postgres as directory of ${rooms} rooms,`, () => {
  test.for([
    { name: 'it is restarted', happen: ({ postgres }: SoakedBackend) => restart(postgres), isSeen: false },
    {
      name: 'it is frozen',
      happen: ({ postgres: { pid = 0 } }: SoakedBackend) => freeze([pid, ...descendants(pid)]),
      isSeen: true,
    },
  ])(
    '$name: members are told, and afterwards all goes on with nothing lost, doubled or reordered',
    { timeout: 300_000 },
    async ({ happen, isSeen }) => {
      await using soaked = await startBackend({}, { bots: false });
      const { connectionString: DATABASE_URL } = soaked.postgres;
      const crowd = await goThrough({ DATABASE_URL }, () => happen(soaked));
      expect(crowd.differences()).toEqual([]);
      expect(crowd.refusals).toBeGreaterThanOrEqual(isSeen ? 1 : 0);
    },
  );
});

/** The crowd as it was left, gone home. */
async function goThrough(
  environment: Record<string, string>,
  happen: () => Promise<void>,
): Promise<PartyCrowd> {
  const directory = openDirectory(environment);
  using crowd = await PartyCrowd.enter(directory, { rooms, playsEvery: 5 });
  await directory.disconnect();
  crowd.talk({ everyMs: 1000, pipelined: false });
  await sleep(2000);
  await happen();
  const before = crowd.answered;
  await waitUntil(() => crowd.answered > before + crowd.members, {
    what: 'the talk to go on',
    timeoutMs: 120_000,
  });
  await crowd.fallSilent();

  console.log(`${crowd.figures} ${crowd.refusals} refused meanwhile`);
  return crowd;
}

async function restart(server: { stop(): Promise<void>; start(): Promise<void> }): Promise<void> {
  await server.stop();
  await sleep(1000);
  await server.start();
}

async function freeze(pids: number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await sleep(frozenMs);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}
