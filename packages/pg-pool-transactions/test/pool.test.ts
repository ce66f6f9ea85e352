import { openDescriptors, waitUntil } from '@silly-face/testing';
import { createPool, isUnavailable, PoolDeadlockError } from '@silly-face/pg-pool-transactions';
import type { PoolClient } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { blockedStatement, useDatabase } from './support/database.ts';

const database = useDatabase();

describe('query', () => {
  it('answers as pg does, as a promise', async () => {
    const pool = database.pool();
    const { rows, rowCount } = await pool.query<{ n: number }>('SELECT $1::int AS n', [7]);
    expect([rows, rowCount]).toEqual([[{ n: 7 }], 1]);
    expect((await pool.query({ text: 'SELECT $1::int AS n', values: [8], rowMode: 'array' })).rows).toEqual([
      [8],
    ]);
    expect((await pool.query({ name: 'prepared', text: 'SELECT 9 AS n' })).rows).toEqual([{ n: 9 }]);
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1, borrowed: 0 });
  });

  it('answers a callback, with and without parameters', async () => {
    const pool = database.pool();
    const answers = await Promise.all([
      new Promise((resolve) => {
        pool.query('SELECT 1 AS n', (error, result) => resolve([error, result?.rows]));
      }),
      new Promise((resolve) => {
        pool.query('SELECT $1::int AS n', [2], (error, result) => resolve([error, result?.rows]));
      }),
      new Promise((resolve) => {
        pool.query('SELECT nonsense', (error, result) => resolve([error?.message, result]));
      }),
    ]);
    expect(answers).toEqual([
      [null, [{ n: 1 }]],
      [null, [{ n: 2 }]],
      ['column "nonsense" does not exist', undefined],
    ]);
  });

  it('leaves the config object of the caller as it was', async () => {
    const config = Object.freeze({ text: 'SELECT $1::int AS n' });
    expect((await database.pool().query(config, [1])).rows).toEqual([{ n: 1 }]);
  });

  it("passes Postgres' errors on unchanged, with a stack that leads to the caller", async () => {
    const failure = await database.pool().query('INSERT INTO items VALUES (1), (1)').catch(String);
    expect(failure).toContain('duplicate key');
    const error = await namedCaller().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: '23505', constraint: 'items_pkey' });
    expect((error as Error).stack).toContain('namedCaller');

    async function namedCaller(): Promise<void> {
      await database.pool().query('INSERT INTO items VALUES (1), (1)');
    }
  });

  it('refuses what is not a query', async () => {
    const pool = database.pool();
    await expect(pool.query(null as unknown as string)).rejects.toThrow(TypeError);
    await expect(pool.query('SELECT $1', 'text' as unknown as unknown[])).rejects.toThrow('must be an array');
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1 });
  });
});

describe('acquire and release', () => {
  it('lends at most `max` clients and serves those who wait in their order', async () => {
    const pool = database.pool({ max: 2 });
    const [first, second] = await Promise.all([pool.acquire(), pool.acquire()]);
    const order: string[] = [];
    const third = pool.acquire().then((client) => (order.push('third'), client));
    const fourth = pool.acquire().then((client) => (order.push('fourth'), client));
    expect(pool.stats()).toEqual({ max: 2, open: 2, idle: 0, borrowed: 2, connecting: 0, waiting: 2 });
    pool.release(first);
    second.release();
    (await third).release();
    (await fourth).release();
    expect(order).toEqual(['third', 'fourth']);
  });

  it('acquires with a callback', async () => {
    const pool = database.pool();
    const client = await new Promise<PoolClient | undefined>((resolve) => {
      pool.acquire((_error, acquired) => resolve(acquired));
    });
    expect((await client?.query('SELECT 1 AS n'))?.rows).toEqual([{ n: 1 }]);
    client?.release();
  });

  it('refuses a second release, a late query and the client of another pool', async () => {
    const pool = database.pool({ max: 1 });
    const client = await pool.acquire();
    expect(() => database.pool().release(client)).toThrow(
      expect.objectContaining({ code: 'CLIENT_NOT_OURS' }),
    );
    client.release();
    const next = await pool.acquire();
    expect(() => pool.release(client)).toThrow(expect.objectContaining({ code: 'CLIENT_RELEASED' }));
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: 'CLIENT_RELEASED' });
    expect(pool.stats().borrowed).toBe(1);
    next.release();
  });

  it('takes a client back when the statement in it is answered', async () => {
    const pool = database.pool({ max: 1 });
    const blocked = await blockedStatement(database);
    const client = await pool.acquire();
    const forgotten = client.query(blocked.text);
    client.release();
    const next = pool.acquire();
    await blocked.arrived();
    expect(pool.stats()).toMatchObject({ borrowed: 1, waiting: 1 });
    await blocked.release();
    await forgotten;
    (await next).release();
  });

  it('sends parallel statements one after the other, in their order', async () => {
    const pool = database.pool();
    await pool.use(async (client) => {
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const results = await Promise.all(
        numbers.map((n) =>
          client.query<{ n: number; at: string }>('SELECT $1::int AS n, clock_timestamp()::text AS at', [n]),
        ),
      );
      expect(results.map(({ rows }) => rows[0]?.n)).toEqual(numbers);
      const times = results.map(({ rows }) => String(rows[0]?.at));
      expect(times).toEqual(times.toSorted());
    });
  });

  it('closes a client that comes back in the middle of a transaction', async () => {
    const pool = database.pool({ max: 1 });
    const reasons: string[] = [];
    pool.on('remove', ({ reason }) => reasons.push(reason));
    const client = await pool.acquire();
    await client.query('BEGIN');
    await client.query('INSERT INTO items VALUES (1)');
    client.release();
    await expect(pool.query('BEGIN; INSERT INTO missing VALUES (1)')).rejects.toMatchObject({
      code: '42P01',
    });
    expect((await pool.query('SELECT count(*)::int AS n FROM items')).rows).toEqual([{ n: 0 }]);
    expect(reasons).toEqual(['in transaction', 'in transaction']);
  });

  it('gives up after `acquireTimeoutMs`, and says why', async () => {
    const pool = database.pool({ max: 1, acquireTimeoutMs: 2_000, name: 'small' });
    const client = await pool.acquire();
    const failures = await Promise.allSettled([pool.query('SELECT 1'), pool.acquire()]);
    for (const failure of failures) {
      expect(failure).toMatchObject({
        reason: {
          code: 'POOL_ACQUIRE_TIMEOUT',
          message: expect.stringContaining("Pool 'small' had no client within 2000 ms: 1 of 1"),
        },
      });
      expect(isUnavailable((failure as PromiseRejectedResult).reason)).toBe(true);
    }
    client.release();
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });
});

describe('use and pooled', () => {
  it('gives the client back after success, rejection and a synchronous throw', async () => {
    const pool = database.pool({ max: 1 });
    expect(await pool.use((client) => client.processId)).toBeGreaterThan(0);
    await expect(pool.use(() => Promise.reject(new Error('rejected')))).rejects.toThrow('rejected');
    await expect(
      pool.use(() => {
        throw new Error('thrown');
      }),
    ).rejects.toThrow('thrown');
    await pool.use((client) => client.release());
    expect(pool.stats()).toMatchObject({ borrowed: 0, open: 1 });
  });

  it('makes a promise function borrow its client', async () => {
    const pool = database.pool();
    const double = pool.pooled(async (client: PoolClient, n: number) => {
      const { rows } = await client.query<{ n: number }>('SELECT 2 * $1::int AS n', [n]);
      return rows[0]?.n;
    });
    expect(await Promise.all([double(1), double(2)])).toEqual([2, 4]);
    expect(pool.stats().borrowed).toBe(0);
  });

  it('makes a callback function borrow its client, and calls back once the client is back', async () => {
    const pool = database.pool({ max: 1 });
    const double = pool.pooled(
      (
        client: PoolClient,
        n: number,
        callback: (error: Error | null, result?: number, more?: string) => void,
      ) => {
        client.query<{ n: number }>('SELECT 2 * $1::int AS n', [n], (error, result) => {
          if (error) callback(error);
          else callback(null, result?.rows[0]?.n, 'more');
          callback(new Error('called twice'));
        });
      },
    );
    const answer = await new Promise((resolve) => {
      double(4, (...results) => resolve([...results, pool.stats().borrowed]));
    });
    expect(answer).toEqual([null, 8, 'more', 0]);
  });

  it('passes what a callback function throws to the callback', async () => {
    const pool = database.pool();
    const broken = pool.pooled((_client: PoolClient, _callback: (error: Error | null) => void): void => {
      throw new Error('broken');
    });
    expect(await new Promise((resolve) => broken(resolve))).toMatchObject({ message: 'broken' });
    expect(pool.stats().borrowed).toBe(0);
  });
});

describe('idle connections', () => {
  it('are closed after `idleTimeoutMs`, down to `min`', async () => {
    const pool = database.pool({ max: 4, min: 1, idleTimeoutMs: 40 });
    const clients = await Promise.all(Array.from({ length: 4 }, () => pool.acquire()));
    for (const client of clients) client.release();
    expect(pool.stats().idle).toBe(4);
    await waitUntil(() => pool.stats().idle === 1, { what: 'three of four to be closed' });
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('are opened at once for `min`', async () => {
    const pool = database.pool({ min: 2 });
    await waitUntil(() => pool.stats().idle === 2, { what: 'two connections' });
    expect(pool.stats()).toMatchObject({ open: 2, borrowed: 0 });
  });
});

describe('drain', () => {
  it('serves those who hold or wait, refuses the others, and leaves no socket', async () => {
    const before = openDescriptors();
    const pool = database.pool({ max: 3 });
    const blocked = await blockedStatement(database);
    const served = Promise.all([
      pool.query(blocked.text),
      ...Array.from({ length: 20 }, (_, id) =>
        pool
          .transaction(async () => {
            await pool.query('INSERT INTO items VALUES ($1)', [id]);
            // Who holds a client may have to borrow another one to come to an end.
            await pool.transaction({ propagation: 'requires-new' }, () => pool.query('SELECT 1'));
          })
          .catch((error: unknown) => error),
      ),
    ]);
    await blocked.arrived();
    const drained = pool.drain();
    expect(pool.drain()).toBe(drained);
    const refused = await pool.query('SELECT 1').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'POOL_DRAINING' });
    expect(isUnavailable(refused)).toBe(true);
    await blocked.release();
    const failed = (await served).filter((outcome) => outcome instanceof Error);
    expect(failed.filter((error) => !(error instanceof PoolDeadlockError))).toEqual([]);
    await drained;
    await waitUntil(() => openDescriptors() === before, { what: 'all sockets to be closed' });
  });

  it('ends a pool that was never used', async () => {
    const pool = createPool();
    await pool.drain();
    await expect(pool.acquire()).rejects.toMatchObject({ code: 'POOL_DRAINING' });
  });
});
