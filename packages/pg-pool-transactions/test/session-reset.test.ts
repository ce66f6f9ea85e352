import { waitUntil } from '@silly-face/testing';
import type { PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { startProxy } from './support/proxy.ts';

const database = useDatabase();

const stain =
  "SET work_mem = '1234kB'; CREATE TEMP TABLE stains (id int); LISTEN stains; SELECT pg_advisory_lock(77)";
const stains = `
  SELECT current_setting('work_mem') = '1234kB' AS set, to_regclass('pg_temp.stains') IS NOT NULL AS temp,
    EXISTS (SELECT FROM pg_listening_channels()) AS listening,
    EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locked`;

describe.each([true, false])('with pipeline: %s', (pipeline) => {
  const onePool = (options: PoolOptions) => database.pool({ max: 1, pipeline, ...options });

  it('a session is as it was left, unless `resetOnRelease` says otherwise', async () => {
    const dirty = onePool({});
    await dirty.query(stain);
    expect((await dirty.query(stains)).rows).toEqual([
      { set: true, temp: true, listening: true, locked: true },
    ]);
    await dirty.drain();

    const clean = onePool({ resetOnRelease: true });
    const processId = await clean.use(async (client) => {
      await client.query(stain);
      return client.processId;
    });
    expect((await clean.query(stains)).rows).toEqual([
      { set: false, temp: false, listening: false, locked: false },
    ]);
    expect(await clean.use((client) => client.processId)).toBe(processId);
  });

  it('named statements go on to work after a reset', async () => {
    const pool = onePool({ resetOnRelease: true });
    const named = { name: 'seven', text: 'SELECT $1::int AS n' };
    for (let n = 0; n < 3; n++) expect((await pool.query(named, [n])).rows).toEqual([{ n }]);
    for (let n = 0; n < 3; n++) {
      expect(await pool.transaction(async (tx) => (await tx.query(named, [n])).rows)).toEqual([{ n }]);
    }
    // The name is free again.
    expect((await pool.query({ name: 'seven', text: 'SELECT 7 AS n' })).rows).toEqual([{ n: 7 }]);
  });

  it.each(['DISCARD ALL', 'DEALLOCATE ALL'])(
    'named statements go on to work after a %s by hand',
    async (text) => {
      const pool = onePool({});
      const named = { name: 'seven', text: 'SELECT 7 AS n' };
      await pool.use(async (client) => {
        for (let i = 0; i < 2; i++) {
          expect((await client.query(named)).rows).toEqual([{ n: 7 }]);
          await client.query(text);
        }
      });
    },
  );

  it('the one who waits for the end of a transaction gets its client reset', async () => {
    const pool = onePool({ resetOnRelease: true });
    const [, found] = await Promise.all([
      pool.transaction(async () => {
        await pool.query(stain);
        await pool.query('INSERT INTO items VALUES (1)');
      }),
      pool.transaction(async () => (await pool.query(stains)).rows),
    ]);
    expect(found).toEqual([{ set: false, temp: false, listening: false, locked: false }]);
    expect(await ids(database)).toEqual([1]);
  });

  it('SQL or a function says what is reset', async () => {
    const texts = onePool({ resetOnRelease: 'RESET ALL; UNLISTEN *' });
    await texts.query(stain);
    expect((await texts.query(stains)).rows).toEqual([
      { set: false, temp: true, listening: false, locked: true },
    ]);
    await texts.drain();

    const asked: (number | null)[] = [];
    const byFunction = onePool({
      async resetOnRelease(client) {
        asked.push(client.processId);
        await client.query('DISCARD TEMP');
      },
    });
    const processId = await byFunction.use(async (client) => {
      await client.query(stain);
      return client.processId;
    });
    expect((await byFunction.query(stains)).rows).toMatchObject([{ set: true, temp: false }]);
    expect(asked[0]).toBe(processId);
  });

  it.each([
    ['fails', 'nonsense', /^reset failed: syntax error/],
    ['throws', () => Promise.reject(new Error('no')), /^reset failed: no$/],
    ['opens a transaction', 'BEGIN', /^in transaction$/],
    ['never ends', () => new Promise(() => {}), /^reset failed: it has taken more than 1500 ms$/],
    ['asks what is not answered', 'SELECT pg_sleep(60)', /^reset failed: it has taken more than 1500 ms$/],
  ])('a reset that %s closes the connection', async (_what, resetOnRelease, reason) => {
    const pool = onePool({ resetOnRelease, connectTimeoutMs: 1_500 });
    const reasons: string[] = [];
    pool.on('remove', (removed) => reasons.push(removed.reason));
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await waitUntil(() => reasons.length > 0, { what: 'the connection to be closed' });
    expect(reasons).toEqual([expect.stringMatching(reason)]);
    await database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'",
    );
  });
});

it('a reset costs a round trip after the answer, and the handover', async () => {
  await using proxy = await startProxy(database.server.connectionString);
  const pool = database.pool({ connectionString: proxy.connectionString, max: 1, resetOnRelease: true });
  await pool.query('SELECT 1');
  await waitUntil(() => pool.stats().idle === 1, { what: 'the first reset' });
  proxy.roundTrips = 0;
  const transaction = (id: number): Promise<unknown> =>
    pool.transaction(() => pool.query('INSERT INTO items VALUES ($1)', [id]));
  await Promise.all([transaction(1), transaction(2)]);
  await waitUntil(() => pool.stats().idle === 1, { what: 'the last reset' });
  expect([proxy.roundTrips, await ids(database)]).toEqual([3 + 3, [1, 2]]);
  await pool.drain();
});

it('a pool that is drained waits for the reset', async () => {
  const pool = database.pool({ resetOnRelease: true });
  await pool.query(stain);
  await pool.drain();
  expect(pool.stats().open).toBe(0);
});
