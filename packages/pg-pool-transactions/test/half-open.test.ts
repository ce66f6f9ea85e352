import { waitUntil } from '@silly-face/testing';
import type { Pool, PoolOptions } from '@silly-face/pg-pool-transactions';
import { beforeEach, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { startProxy } from './support/proxy.ts';
import type { Proxy } from './support/proxy.ts';

// A connection on which nothing arrives any more, and which nobody has closed.

const database = useDatabase();
const insert = 'INSERT INTO items VALUES ($1)';

let proxy: Proxy;
beforeEach(async () => {
  proxy = await startProxy(database.server.connectionString);
  return () => proxy[Symbol.asyncDispose]();
});

/** With its one client connected. */
async function onePool(options?: PoolOptions): Promise<Pool> {
  const pool = database.pool({ connectionString: proxy.connectionString, max: 1, ...options });
  await pool.query('SELECT 1');
  return pool;
}

/** The frozen connection is given up, and the next one works. */
async function expectReplaced(pool: Pool): Promise<void> {
  const removed: string[] = [];
  pool.on('remove', ({ reason }) => removed.push(reason));
  await waitUntil(() => pool.stats().open === 0, { what: 'the frozen connection to be closed' });
  await waitUntil(() => removed.length === 1, { what: 'the event' });
  expect(removed).toEqual(['lost']);
  await pool.transaction(() => pool.query(insert, [9]));
  expect(await ids(database)).toContain(9);
  await pool.drain();
}

it('a statement is answered when its time is up', async () => {
  const pool = await onePool({ statementTimeoutMs: 1_000 });
  proxy.freeze();
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
  await expectReplaced(pool);
});

it('a transaction is answered when its time is up, whether it asks or not', async () => {
  const pool = await onePool();
  const asking = pool.transaction({ timeoutMs: 1_000 }, async () => {
    await pool.query(insert, [1]);
    proxy.freeze();
    await pool.query(insert, [2]);
  });
  await expect(asking).rejects.toMatchObject({ code: 'TRANSACTION_TIMEOUT' });
  await expectReplaced(pool);
  expect(await ids(database)).toEqual([9]);
});

it('a COMMIT is in doubt when its time is up', async () => {
  const pool = await onePool();
  const committing = pool.transaction({ timeoutMs: 1_000 }, async () => {
    await pool.query(insert, [1]);
    proxy.freeze();
  });
  await expect(committing).rejects.toMatchObject({
    code: 'COMMIT_OUTCOME_UNKNOWN',
    cause: { code: 'TRANSACTION_TIMEOUT' },
  });
  await expectReplaced(pool);
});

it('everybody on a connection that was handed over is answered', async () => {
  const pool = await onePool({ statementTimeoutMs: 1_000 });
  const first = pool.transaction(async () => {
    await pool.query(insert, [1]);
    proxy.freeze();
  });
  const second = pool.transaction(() => pool.query(insert, [2]));
  const third = pool.query({ text: insert, values: [3], timeoutMs: 1_500 });
  const outcomes = await Promise.allSettled([first, second, third]);
  expect(outcomes).toMatchObject([
    { reason: { code: 'COMMIT_OUTCOME_UNKNOWN' } },
    { reason: { code: 'STATEMENT_TIMEOUT' } },
    { reason: { code: 'STATEMENT_TIMEOUT' } },
  ]);
  await expectReplaced(pool);
  expect(await ids(database)).toEqual([9]);
});
