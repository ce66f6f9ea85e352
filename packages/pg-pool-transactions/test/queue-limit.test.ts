import { isUnavailable } from '@silly-face/pg-pool-transactions';
import { expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

it('a caller who would wait behind `maxWaiting` others is refused at once', async () => {
  const pool = database.pool({ max: 1, maxWaiting: 2, name: 'small' });
  const client = await pool.acquire();
  const served = [pool.query('SELECT 1 AS n'), pool.transaction(() => pool.query('SELECT 2 AS n'))];
  for (const refused of [pool.query('SELECT 3'), pool.acquire(), pool.transaction(() => {})]) {
    const error: unknown = await refused.catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'POOL_QUEUE_FULL',
      message: "Pool 'small' lets at most 2 callers wait: 1 of 1 are borrowed, 0 connecting",
    });
    expect(isUnavailable(error)).toBe(true);
  }
  expect(pool.stats()).toMatchObject({ borrowed: 1, waiting: 2 });
  client.release();
  expect((await Promise.all(served)).map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  expect((await pool.query('SELECT 4 AS n')).rows).toEqual([{ n: 4 }]);
});

it('a caller for whom there is or will be a connection does not wait behind anybody', async () => {
  const pool = database.pool({ max: 2, maxWaiting: 0 });
  const outcomes = await Promise.allSettled([1, 2, 3].map((n) => pool.query('SELECT $1::int', [n])));
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'fulfilled' },
    { reason: { code: 'POOL_QUEUE_FULL' } },
  ]);
  await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 2')]);
});

it('nobody queues for a server that is down', async () => {
  const pool = database.pool({
    host: '127.0.0.1',
    port: 1,
    connectionString: undefined as never,
    maxWaiting: 0,
  });
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'POOL_CONNECT_FAILED' });
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({
    code: 'POOL_QUEUE_FULL',
    cause: { code: 'POOL_CONNECT_FAILED' },
  });
});
