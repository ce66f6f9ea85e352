import { waitUntil } from '@silly-face/testing';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

/** Keeps count of the connections that are open, and of the fewest there were after each removal. */
function watch(pool: Pool): { expired: number; open: number; fewest: number } {
  const seen = { expired: 0, open: 0, fewest: Infinity };
  pool.on('connect', () => seen.open++);
  pool.on('remove', ({ reason }) => {
    seen.open--;
    seen.fewest = Math.min(seen.fewest, seen.open);
    if (reason === 'expired') seen.expired++;
  });
  return seen;
}

it('an idle connection beyond the minimum is closed after `maxLifetimeMs`', async () => {
  const pool = database.pool({ maxLifetimeMs: 40, idleTimeoutMs: Infinity });
  const seen = watch(pool);
  await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')]);
  await waitUntil(() => pool.stats().open === 0, { what: 'the connections to be closed' });
  await waitUntil(() => seen.open === 0, { what: 'the events' });
  expect(seen.expired).toBeGreaterThan(0);
});

it('the minimum stays warm: the successor of an old connection is there before that one is closed', async () => {
  const pool = database.pool({ min: 2, maxLifetimeMs: 100 });
  const seen = watch(pool);
  await waitUntil(() => seen.expired >= 6, { what: 'six replacements' });
  expect(seen.fewest).toBeGreaterThanOrEqual(2);
});

it('where there is no room for a successor, one connection after the other is replaced', async () => {
  const pool = database.pool({ min: 3, max: 3, maxLifetimeMs: 200 });
  const seen = watch(pool);
  await waitUntil(() => seen.expired >= 6, { what: 'six replacements' });
  expect(seen.fewest).toBe(2);
});

it('a borrowed connection is replaced when it comes back, and not before', async () => {
  const pool = database.pool({ max: 2, maxLifetimeMs: 40 });
  const removed: { processId: number | null; reason: string }[] = [];
  pool.on('remove', (removal) => removed.push(removal));
  const client = await pool.acquire();
  // One connection after the other that is younger than the borrowed one, until it must be over for that too.
  for (let n = 1; n <= 3; n++) {
    await pool.query('SELECT 1');
    await waitUntil(() => removed.length === n, { what: 'a younger one to be replaced' });
  }
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  client.release();
  await waitUntil(() => removed.length === 4, { what: 'the old one to be closed' });
  expect(removed[3]).toEqual({ processId: client.processId, reason: 'expired' });
});
