import { waitUntil } from '@silly-face/testing';
import { isUnavailable, PoolError } from '@silly-face/pg-pool-transactions';
import type { Pool, PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();
const forever = 'SELECT pg_sleep(600)';
const insert = 'INSERT INTO items VALUES ($1)';

/** Resolves when a statement that never ends runs on the server. */
async function running(): Promise<void> {
  await waitUntil(async () => (await activeForever()).length > 0, { what: 'the statement to run' });
}

function activeForever(): Promise<object[]> {
  return database.sql(
    "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND state = 'active' AND pid <> pg_backend_pid()",
  );
}

/** Nothing of it runs on the server any more, and the pool's one client is usable and outside of any transaction. */
async function expectSettled(pool: Pool, open = 1): Promise<void> {
  await waitUntil(() => pool.stats().borrowed === 0, { what: 'the client to be back' });
  expect(await activeForever()).toEqual([]);
  expect(pool.stats().open).toBe(open);
  const { rows } = await pool.query({
    text: 'SELECT now() = statement_timestamp() AS fresh',
    timeoutMs: 60_000,
  });
  expect(rows).toEqual([{ fresh: true }]);
}

describe.each([[{}], [{ pipeline: false }]])('on a pool with %o', (options: PoolOptions) => {
  /** With its one client connected. */
  async function onePool(more?: PoolOptions): Promise<Pool> {
    const pool = database.pool({ max: 1, ...options, ...more });
    await pool.query({ text: 'SELECT 1', timeoutMs: 60_000 });
    return pool;
  }

  describe('a statement', () => {
    it('whose time is up is answered with an error, and cancelled on the server', async () => {
      const pool = await onePool();
      const error = await pool.query({ text: forever, timeoutMs: 30 }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(PoolError);
      expect(error).toMatchObject({
        code: 'STATEMENT_TIMEOUT',
        message: 'SELECT was not answered within 30 ms',
      });
      expect(isUnavailable(error)).toBe(true);
      await expectSettled(pool);
    });

    it('whose caller aborts is answered with the reason, and cancelled on the server', async () => {
      const pool = await onePool();
      const controller = new AbortController();
      const answer = pool.query({ text: forever, signal: controller.signal });
      const outcome = answer.catch((error: unknown) => error);
      await running();
      controller.abort(new Error('gone'));
      expect(await outcome).toMatchObject({
        code: 'ABORTED',
        message: 'SELECT was given up by its caller: gone',
        cause: { message: 'gone' },
      });
      await expect(pool.query({ text: 'SELECT 1', signal: controller.signal })).rejects.toMatchObject({
        code: 'ABORTED',
      });
      await expectSettled(pool);
    });

    it('that is answered in time leaves no timer and no listener', async () => {
      const pool = await onePool();
      const controller = new AbortController();
      const { rows } = await pool.query<{ n: number }>({
        text: 'SELECT $1::int AS n',
        values: [7],
        timeoutMs: 600_000,
        signal: controller.signal,
      });
      expect(rows).toEqual([{ n: 7 }]);
      controller.abort();
      expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThan(4);
    });

    it('that waits for a client gives up its place', async () => {
      const pool = await onePool();
      const client = await pool.acquire();
      await expect(pool.query({ text: 'SELECT 1', timeoutMs: 20 })).rejects.toMatchObject({
        code: 'STATEMENT_TIMEOUT',
      });
      expect(pool.stats()).toMatchObject({ borrowed: 1, waiting: 0 });
      client.release();
    });

    it('has the limit of the pool where it has none of its own', async () => {
      const pool = await onePool({ statementTimeoutMs: 60 });
      await expect(pool.query(forever)).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
      await expectSettled(pool);
      await expect(pool.batch(['SELECT 1', forever])).rejects.toMatchObject({
        code: 'STATEMENT_TIMEOUT',
        message: 'a batch of 2 was not answered within 60 ms',
      });
      await expectSettled(pool);
    });

    it('of a batch goes with the batch', async () => {
      const pool = await onePool();
      await expect(
        pool.batch([{ text: insert, values: [1] }, forever], { timeoutMs: 30 }),
      ).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
      await expectSettled(pool);
      expect(await ids(database)).toEqual([]);
    });

    it('takes its transaction along, however it ended on the server', async () => {
      const pool = await onePool();
      await expect(
        pool.transaction(async () => {
          await pool.query(insert, [1]);
          await pool.query({ text: forever, timeoutMs: 30 }).catch(() => {});
        }),
      ).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK', cause: { code: 'STATEMENT_TIMEOUT' } });
      await expectSettled(pool);
      expect(await ids(database)).toEqual([]);
    });

    it('leaves no doubt about a COMMIT that fails later', async () => {
      const pool = await onePool();
      await database.sql('CREATE TABLE unique_later (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
      const ended: string[] = [];
      const outcome = pool.transaction(async (transaction) => {
        transaction.afterRollback(() => ended.push('rolled back'));
        await pool
          .transaction({ propagation: 'nested' }, () => pool.query({ text: forever, timeoutMs: 30 }))
          .catch(() => {});
        await pool.query('INSERT INTO unique_later VALUES (1), (1)');
      });
      await expect(outcome).rejects.toMatchObject({ code: '23505' });
      expect(ended).toEqual(['rolled back']);
      await database.sql('DROP TABLE unique_later');
    });

    it('takes only its savepoint along, where it is in one', async () => {
      const pool = await onePool();
      await pool.transaction(async () => {
        await pool.query(insert, [1]);
        await pool
          .transaction({ propagation: 'nested' }, () => pool.query({ text: forever, timeoutMs: 30 }))
          .catch(() => {});
        await pool.query(insert, [2]);
      });
      await expectSettled(pool);
      expect(await ids(database)).toEqual([1, 2]);
    });
  });

  it('a statement that is withdrawn with its BEGIN takes along what was asked behind it', async () => {
    const pool = await onePool();
    const client = await pool.acquire();
    await client.query({ text: forever, timeoutMs: 30 }).catch(() => {});
    // While the request to cancel is under way, everything has to wait.
    const transaction = await pool.Transaction.startInClient(client);
    const controller = new AbortController();
    const asked = [
      transaction.query({ text: insert, values: [1], signal: controller.signal }),
      transaction.query(insert, [2]),
    ].map((answer) => answer.catch((error: unknown) => error));
    controller.abort();
    await Promise.all(asked);
    await transaction.rollback();
    client.release();
    expect(await ids(database)).toEqual([]);
    await expectSettled(pool);
  });

  describe('acquire', () => {
    it('has limits of its own', async () => {
      const pool = await onePool();
      const client = await pool.acquire({ timeoutMs: 5_000 });
      await expect(pool.acquire({ timeoutMs: 20 })).rejects.toMatchObject({
        code: 'POOL_ACQUIRE_TIMEOUT',
        message: expect.stringContaining('within 20 ms') as string,
      });
      const controller = new AbortController();
      const waiting = pool.acquire({ signal: controller.signal });
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
      const called = await new Promise((resolve) => {
        pool.acquire({ signal: controller.signal }, (error) => resolve(error));
      });
      expect(called).toMatchObject({ code: 'ABORTED' });
      client.release();
      await expectSettled(pool);
    });
  });

  describe('a transaction', () => {
    it('whose time is up is rolled back, answered at once, and takes no more statements', async () => {
      const pool = await onePool();
      const ended: string[] = [];
      const outcome = pool.transaction({ timeoutMs: 1_000 }, async (transaction) => {
        transaction.afterRollback(() => ended.push('rolled back'));
        await pool.query(insert, [1]);
        await pool.query(forever).catch(() => {});
        await pool.query(insert, [2]).catch(tell);
      });
      let tell!: (error: unknown) => void;
      const late = new Promise((resolve) => {
        tell = resolve;
      });
      await expect(outcome).rejects.toMatchObject({
        name: 'TransactionError',
        code: 'TRANSACTION_TIMEOUT',
        message: 'The transaction did not end within 1000 ms',
      });
      expect(await late).toMatchObject({ code: 'TRANSACTION_ENDED', cause: { code: 'TRANSACTION_TIMEOUT' } });
      await expectSettled(pool);
      expect([await ids(database), ended]).toEqual([[], ['rolled back']]);
    });

    it('whose block waits for something else is rolled back all the same', async () => {
      const pool = await onePool();
      const controller = new AbortController();
      let goOn!: () => void;
      const elsewhere = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const outcome = pool.transaction({ signal: controller.signal }, async () => {
        await pool.query(insert, [1]);
        controller.abort(new Error('closing'));
        await elsewhere;
      });
      await expect(outcome).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'closing' } });
      await expectSettled(pool);
      goOn();
      expect(await ids(database)).toEqual([]);
    });

    it('takes along the savepoints in it, and those who wait for them', async () => {
      const pool = await onePool();
      const controller = new AbortController();
      let tell!: (errors: unknown[]) => void;
      const late = new Promise<unknown[]>((resolve) => {
        tell = resolve;
      });
      const outcome = pool.transaction({ signal: controller.signal }, async (outer) => {
        const nested = pool.transaction({ propagation: 'nested' }, async () => {
          await pool.query(insert, [1]);
          const slow = pool.query(forever).catch(() => {});
          await running();
          controller.abort();
          await slow;
          await pool.query(insert, [2]);
        });
        const behind = outer.query(insert, [3]);
        tell(await Promise.all([nested, behind].map((asked) => asked.catch((error: unknown) => error))));
      });
      await expect(outcome).rejects.toMatchObject({ code: 'ABORTED' });
      expect(await late).toMatchObject([{ code: 'TRANSACTION_ENDED' }, { code: 'TRANSACTION_ENDED' }]);
      await expectSettled(pool);
      expect(await ids(database)).toEqual([]);
    });

    it('that waits for a client, or between two attempts, ends in time too', async () => {
      const pool = await onePool();
      const client = await pool.acquire();
      await expect(
        pool.transaction({ timeoutMs: 20 }, () => expect.unreachable('it has no client')),
      ).rejects.toMatchObject({ code: 'TRANSACTION_TIMEOUT' });
      client.release();
      let attempts = 0;
      await expect(
        pool.transaction({ timeoutMs: 1_000, retries: 1_000 }, async () => {
          attempts++;
          await pool.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
        }),
      ).rejects.toMatchObject({ code: 'TRANSACTION_TIMEOUT' });
      expect(attempts).toBeGreaterThan(0);
      await expectSettled(pool);
    });

    it('that is joined by a block with a limit goes with it', async () => {
      const pool = await onePool();
      await expect(
        pool.transaction(async () => {
          await pool.query(insert, [1]);
          await pool.transaction({ timeoutMs: 30 }, () => pool.query(forever));
        }),
      ).rejects.toMatchObject({ code: 'TRANSACTION_TIMEOUT' });
      await expectSettled(pool);
      expect(await ids(database)).toEqual([]);
    });
  });

  it.each([
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['signal', { signal: 'stop' as unknown as AbortSignal }],
  ])('a wrong `%s` is refused everywhere: %o', async (key, limits) => {
    const pool = await onePool();
    const refused = { code: 'INVALID_OPTIONS', message: expect.stringContaining(`\`${key}\``) as string };
    await expect(pool.query({ text: 'SELECT 1', ...limits })).rejects.toMatchObject(refused);
    await expect(pool.batch(['SELECT 1'], limits)).rejects.toMatchObject(refused);
    await expect(pool.acquire(limits)).rejects.toMatchObject(refused);
    await expect(pool.transaction(limits, () => 1)).rejects.toMatchObject(refused);
  });
});
