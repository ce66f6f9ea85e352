import { setTimeout as sleep } from 'node:timers/promises';
import { type PartySeat, waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { openDirectory } from '../../src/directory/open-directory.ts';
import { type SoakedBackend, startBackend } from './backend.ts';
import { unkeptEvents } from './kept-events.ts';
import { type GivenRoom, PartyCrowd, ROOM_SIZE } from './party-crowd.ts';
import { Player } from './player.ts';
import { scaled } from './scale.ts';
import { StrictClient } from './strict-client.ts';

const rooms = scaled({ short: 50, long: 625 });

describe(`${rooms * ROOM_SIZE} members of ${rooms} rooms`, () => {
  test('go through a rolling deploy and lose, double and reorder nothing', { timeout: 300_000 }, async () => {
    await using soaked = await startBackend({}, { bots: false });
    using crowd = await enter(soaked);
    crowd.talk({ everyMs: 1000, pipelined: true });
    await sleep(3000);
    await soaked.deploy();
    await sleep(1000);
    await crowd.fallSilent();

    expect(crowd.differences()).toEqual([]);
    expect(crowd.returnsMs.length).toBeGreaterThanOrEqual(crowd.members);
    console.log(`${crowd.figures} none lost, doubled or reordered`);
  });

  test(
    'lose and double no move when a process is killed, and of the chat at most the last moment',
    { timeout: 300_000 },
    async () => {
      await using soaked = await startBackend({}, { bots: false });
      using crowd = await enter(soaked);
      crowd.talk({ everyMs: 1000, pipelined: true });
      await sleep(3000);
      process.kill(soaked.pidOf('party-1') as number, 'SIGKILL');
      const killedAt = Date.now();
      await waitUntil(() => crowd.returnsMs.length > 0 && crowd.isWhole, {
        what: 'the members to be back',
        timeoutMs: 120_000,
      });
      const unkept = await unkeptEvents(
        soaked.db,
        crowd.rooms.map(({ history }) => history),
      );
      const lost = new Map<string, ReadonlySet<number>>();
      const lostChats: number[] = [];
      for (const [room, events] of unkept) {
        // What was said since then may still be on its way.
        const before = events.filter(({ at = 0 }) => Number(at) < killedAt);
        lost.set(room, new Set(before.map(({ seq = 0 }) => seq)));
        // Who is here now is not kept.
        expect(before.filter(({ cmd }) => !['CHAT', 'AWAY', 'BACK'].includes(cmd))).toEqual([]);
        lostChats.push(...before.flatMap(({ cmd, at }) => (cmd === 'CHAT' ? killedAt - Number(at) : [])));
      }
      await crowd.fallSilent();

      expect(crowd.differences(lost)).toEqual([]);
      const longestMs = Math.max(0, ...lostChats);
      // Once the log is a second late, chat waits for it.
      expect(longestMs).toBeLessThan(2000);
      console.log(
        `${crowd.figures} no move lost or doubled; ${lostChats.length} messages of the last ${longestMs} ms not kept`,
      );
    },
  );
});

async function enter(soaked: SoakedBackend): Promise<PartyCrowd> {
  const directory = openDirectory({ DATABASE_URL: soaked.postgres.connectionString });
  try {
    const given = [await seatsByHttp(soaked)];
    return await PartyCrowd.enter(directory, { rooms: rooms - 1, playsEvery: 5, given });
  } finally {
    await directory.disconnect();
  }
}

/** As an app gets them. For all it would take too long. */
async function seatsByHttp({ url, db }: SoakedBackend): Promise<GivenRoom> {
  const client = new StrictClient({ url, patienceMs: 0 });
  try {
    const seats: (PartySeat & { room: string })[] = [];
    while (seats.length < ROOM_SIZE) {
      const player = await Player.create(db, client);
      seats.push(await player.post('/party/seats', seats[0] ? { room: seats[0].room } : {}));
    }
    return { room: seats[0]?.room ?? '', seats };
  } finally {
    client.close();
  }
}
