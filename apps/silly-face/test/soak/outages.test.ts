import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { type SoakedBackend, startBackend } from './backend.ts';
import { differences } from './history.ts';
import { Load } from './load.ts';
import { scaled } from './scale.ts';

/** At least: it lasts until somebody has noticed, and an upload may be tried for seven seconds. */
const frozenMs = scaled({ short: 5_000, long: 10_000 });

interface Outage {
  readonly name: string;
  /** What clients may be told while it lasts; anything else is a failure of the backend. */
  readonly told: RegExp;
  /** Whether somebody has to notice. Else nobody need: connections wait on the socket that the supervisor holds. */
  readonly isSeen?: boolean;
  readonly happen: (soaked: SoakedBackend, isNoticed: () => boolean) => Promise<void>;
}

const database = /^(GET|POST) 503 database-unavailable$/;
const storage = /^(GET|POST) 503 storage-unavailable$/;

const outages: Outage[] = [
  {
    name: 'Postgres is restarted',
    told: database,
    happen: async ({ postgres }, isNoticed) => {
      await postgres.stop();
      await sleep(1000);
      await noticed(isNoticed);
      await postgres.start();
    },
  },
  {
    name: 'Postgres crashes',
    told: database,
    happen: async ({ postgres }, isNoticed) => {
      await postgres.kill();
      await noticed(isNoticed);
      await postgres.start();
    },
  },
  {
    name: 'Postgres is frozen',
    told: database,
    happen: ({ postgres }, isNoticed) =>
      freeze([postgres.pid as number, ...descendants(postgres.pid as number)], isNoticed),
  },
  {
    name: 'S3 crashes',
    told: storage,
    isSeen: false,
    happen: async (soaked) => {
      process.kill(soaked.pidOf('s3') as number, 'SIGKILL');
      await sleep(1000);
    },
  },
  {
    name: 'S3 is frozen',
    told: storage,
    happen: (soaked, isNoticed) => freeze([soaked.pidOf('s3') as number], isNoticed),
  },
];

/** Else it may be over before anybody has asked. */
function noticed(isNoticed: () => boolean): Promise<boolean> {
  return waitUntil(isNoticed, { what: 'somebody to notice', timeoutMs: 30_000 });
}

async function freeze(pids: number[], isNoticed: () => boolean): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await sleep(frozenMs);
    await noticed(isNoticed);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

describe('under load,', () => {
  test.each(outages)(
    '$name: clear errors during it, and afterwards all goes on by itself with nothing lost or doubled',
    { timeout: 180_000 },
    async ({ told, isSeen = true, happen }) => {
      await using soaked = await startBackend();
      const load = new Load({ url: soaked.url, patienceMs: 60_000 });
      await load.start(soaked.db, 6);
      await sleep(1000);
      await happen(soaked, () => Object.keys(load.client.failures).length > 0);
      const answeredDuring = load.client.answered;
      await sleep(3000);
      const ended = await load.stop();

      expect({ ended, lost: load.client.lost }).toEqual({ ended: [], lost: 0 });
      expect(Object.keys(load.client.failures).filter((failure) => !told.test(failure))).toEqual([]);
      expect(Object.keys(load.client.failures).length).toBeGreaterThanOrEqual(isSeen ? 1 : 0);
      expect(load.client.answered).toBeGreaterThan(answeredDuring);
      expect(await differences(soaked.db, load.matches)).toEqual([]);
      expect(soaked.botTroubles().filter((line) => line.includes('FATAL'))).toEqual([]);
    },
  );
});
