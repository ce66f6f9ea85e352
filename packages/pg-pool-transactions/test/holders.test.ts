import { inspect } from 'node:util';
import { waitUntil } from '@silly-face/testing';
import { PoolDeadlockError, PoolError } from '@silly-face/pg-pool-transactions';
import type { Holder, Pool, PoolClient, PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

/** A pool that has opened all of its connections, so that a short wait is not one for a connection. */
async function warmPool(max: number, options: PoolOptions): Promise<Pool> {
  const pool = database.pool({ min: max, max, ...options });
  await waitUntil(() => pool.stats().idle === max, { what: 'the connections' });
  return pool;
}

async function borrowHere(pool: Pool): Promise<PoolClient> {
  return await pool.acquire();
}

async function failureOf(promise: Promise<unknown>): Promise<PoolError> {
  const error: unknown = await promise.catch((caught: unknown) => caught);
  if (error instanceof PoolError) return error;
  throw new Error('Expected a PoolError', { cause: error });
}

describe('a caller who gets no client', () => {
  it('learns where the others took theirs', async () => {
    const pool = await warmPool(3, { acquireTimeoutMs: 50, captureStacks: true });
    const clients = [await borrowHere(pool), await borrowHere(pool)];
    await pool.use(async (client) => {
      const error = await failureOf(pool.Transaction.start());
      expect(error).toMatchObject({ code: 'POOL_ACQUIRE_TIMEOUT', holders: { length: 3 } });
      const [, most, least] = error.message.split('\n');
      expect(most).toMatch(/^ {2}2 taken at (async )?borrowHere \(.*holders\.test\.ts:\d+:\d+\)$/);
      expect(least).toMatch(/^ {2}1 taken at .*holders\.test\.ts:\d+:\d+/);
      expect(error.holders?.map(({ processId }) => processId)).toEqual(
        [...clients, client].map(({ processId }) => processId),
      );
      for (const { stack, heldMs } of error.holders ?? []) {
        expect(stack).toMatch(/^ {4}at .*holders\.test\.ts/);
        expect(stack).not.toMatch(/dist\/(pool|lending|borrowers)\.js/);
        expect(heldMs).toBeGreaterThanOrEqual(0);
      }
    });
    for (const client of clients) client.release();
  });

  it('arouses suspicion, so that the next one learns it', async () => {
    const pool = await warmPool(1, { acquireTimeoutMs: 50 });
    const before = await borrowHere(pool);
    const first = await failureOf(pool.query('SELECT 1'));
    before.release();
    const after = await borrowHere(pool);
    const second = await failureOf(pool.query('SELECT 1'));
    after.release();
    expect([first.holders, first.message]).toEqual([[], expect.not.stringContaining('\n')]);
    expect(second.message).toMatch(/\n {2}1 taken at (async )?borrowHere/);
  });

  it('learns nothing when `captureStacks` is false', async () => {
    const pool = await warmPool(1, { acquireTimeoutMs: 50, captureStacks: false });
    const client = await borrowHere(pool);
    for (let i = 0; i < 2; i++) {
      const error = await failureOf(pool.query('SELECT 1'));
      expect([error.holders, error.message]).toEqual([[], expect.not.stringContaining('\n')]);
    }
    client.release();
  });

  it('learns who waits for whom in a deadlock', async () => {
    const pool = database.pool({ max: 1, captureStacks: true });
    const outerBlock = (): Promise<unknown> => pool.transaction(() => pool.acquire());
    const error = await failureOf(outerBlock());
    expect(error).toBeInstanceOf(PoolDeadlockError);
    expect(error.message).toMatch(/waits for another one\n {2}1 taken at .*outerBlock/);
    expect(error.holders).toMatchObject([{ stack: expect.stringContaining('outerBlock') as string }]);
  });

  it('sees no password', async () => {
    const url = new URL(database.server.connectionString);
    await database.sql("CREATE ROLE secretive LOGIN PASSWORD 'hunter2-s3cret'");
    url.username = 'secretive';
    url.password = 'hunter2-s3cret';
    const pool = await warmPool(1, {
      connectionString: url.href,
      acquireTimeoutMs: 50,
      captureStacks: true,
    });
    const client = await borrowHere(pool);
    const errors = [await failureOf(pool.query('SELECT 1')), await failureOf(pool.use(() => pool.acquire()))];
    for (const shown of [pool, client, ...errors]) {
      expect(inspect(shown, { depth: 10, showHidden: true })).not.toContain('hunter2');
    }
    client.release();
  });
});

describe('a client that is held for too long', () => {
  it('is reported once, and stays with its borrower', async () => {
    const pool = database.pool({ max: 2, heldTooLongMs: 30, captureStacks: true });
    const reports: Holder[] = [];
    pool.on('heldTooLong', (holder) => reports.push(holder));
    const client = await borrowHere(pool);
    await waitUntil(() => reports.length > 0, { what: 'the report' });
    // Later than a second report of the first client would come.
    await pool.transaction(async ({ pgClient }) => {
      await waitUntil(() => reports.some(({ processId }) => processId === pgClient.processId), {
        what: 'the report of a transaction',
      });
    });
    expect(reports.map(({ processId }) => processId).filter((id) => id === client.processId)).toHaveLength(1);
    expect(reports[0]).toEqual({
      processId: client.processId,
      heldMs: expect.toSatisfy((ms: number) => ms >= 30) as number,
      stack: expect.stringContaining('borrowHere') as string,
    });
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    client.release();
  });

  it('makes the next borrow keep its stack', async () => {
    const pool = database.pool({ max: 1, heldTooLongMs: 30 });
    const stacks: (string | undefined)[] = [];
    pool.on('heldTooLong', ({ stack }) => stacks.push(stack));
    for (let n = 1; n <= 2; n++) {
      const client = await borrowHere(pool);
      await waitUntil(() => stacks.length === n, { what: 'the report' });
      client.release();
    }
    expect(stacks).toEqual([undefined, expect.stringContaining('borrowHere')]);
  });
});
