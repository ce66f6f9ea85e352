import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runProgram, waitUntil } from '@silly-face/testing';
import type { Holder, Pool, PoolClient, Transaction } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { blockedStatement, ids, useDatabase } from './support/database.ts';
import { collectGarbage } from './support/garbage.ts';

const database = useDatabase();

async function collected(condition: () => boolean): Promise<void> {
  await waitUntil(
    () => {
      collectGarbage();
      return condition();
    },
    { what: 'garbage to be collected' },
  );
}

/** Enough for what is garbage to be noticed. */
async function collectThoroughly(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    collectGarbage();
    await nextTurn();
  }
}

function leaksOf(pool: Pool): Holder[] {
  const leaks: Holder[] = [];
  pool.on('leak', (leak) => leaks.push(leak));
  return leaks;
}

async function forgetClient(pool: Pool, ...statements: string[]): Promise<number | null> {
  const client = await pool.acquire();
  for (const statement of statements) await client.query(statement);
  return client.processId;
}

describe('a forgotten client', () => {
  it('goes back to the pool when it is clean, and serves who waits', async () => {
    const pool = database.pool({ max: 1 });
    const leaks = leaksOf(pool);
    const processId = await forgetClient(pool, 'SELECT 1');
    const next = pool.use((client) => client.processId);
    await collected(() => leaks.length > 0);
    expect(await next).toBe(processId);
    expect(leaks).toEqual([{ processId, heldMs: expect.any(Number) as number, stack: undefined }]);
  });

  it('is closed when it is in a transaction', async () => {
    const pool = database.pool({ max: 1 });
    const leaks = leaksOf(pool);
    const removed = once(pool, 'remove');
    const processId = await forgetClient(pool, 'BEGIN', 'INSERT INTO items VALUES (1)');
    await collected(() => leaks.length > 0);
    expect(await removed).toEqual([{ processId, reason: 'in transaction' }]);
    expect((await pool.query('SELECT count(*)::int AS n FROM items')).rows).toEqual([{ n: 0 }]);
  });

  it('is closed when its connection has died', async () => {
    const pool = database.pool({ max: 1 });
    const leaks = leaksOf(pool);
    const processId = await forgetClient(pool);
    const noticed = once(pool, 'clientLost');
    await database.kill(processId);
    await noticed;
    await collected(() => leaks.length > 0);
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('that was taken with a callback, by `connect` or in a transaction begun by hand comes back too', async () => {
    const pool = database.pool({ max: 4 });
    const leaks = leaksOf(pool);
    pool.acquire(() => {});
    pool.connect(() => {});
    await pool.Transaction.start();
    const begun = await beginBy(pool);
    await collected(() => leaks.length === 4);
    expect(begun).toBe('active');
    await waitUntil(() => pool.stats().borrowed === 0, { what: 'every client to be back' });
    expect(await ids(database)).toEqual([]);
  });

  async function beginBy(pool: Pool): Promise<string> {
    const transaction = await pool.Transaction.startInClient(await pool.acquire(), true);
    await transaction.query('INSERT INTO items VALUES (1)');
    return transaction.state;
  }

  it.each([
    ['from the second on', 'on suspicion', [false, true]],
    ['from the first on', true, [true, true]],
    ['never', false, [false, false]],
  ] as const)(
    'is reported with the stack that took it %s with `captureStacks: %j`',
    async (_when, captureStacks, known) => {
      const pool = database.pool({ captureStacks });
      const leaks = leaksOf(pool);
      for (let n = 1; n <= 2; n++) {
        await forgetClient(pool);
        await collected(() => leaks.length === n);
      }
      expect(leaks.map(({ stack }) => stack?.includes('forgetClient') ?? false)).toEqual(known);
    },
  );

  it('is found although somebody who had it before still has a handle', async () => {
    const pool = database.pool({ max: 1 });
    const leaks = leaksOf(pool);
    const before = await pool.acquire();
    before.release();
    await forgetClient(pool);
    await collected(() => leaks.length > 0);
    expect(() => before.release()).toThrow(expect.objectContaining({ code: 'CLIENT_RELEASED' }));
    expect(leaks).toMatchObject([{ processId: before.processId }]);
  });

  it('is found although its taker has a field for it', async () => {
    class Taker {
      client: PoolClient | undefined;
      async take(pool: Pool): Promise<void> {
        this.client = await pool.acquire();
      }
    }
    const pool = database.pool({ captureStacks: true });
    const leaks = leaksOf(pool);
    await new Taker().take(pool);
    await collected(() => leaks.length > 0);
    expect(leaks[0]?.stack).toContain('Taker.take');
  });

  it('is a process warning when nobody listens', async () => {
    const code = `
      import { setFlagsFromString } from 'node:v8';
      import { runInNewContext } from 'node:vm';
      import { createPool } from '@silly-face/pg-pool-transactions';
      const pool = createPool({ connectionString: process.env.DATABASE_URL, name: 'leaky', captureStacks: true });
      async function forgetful() { await pool.acquire(); }
      await forgetful();
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc');
      while (pool.stats().borrowed > 0) { gc(); await new Promise(setImmediate); }
      await pool.drain();`;
    const env = { DATABASE_URL: database.server.connectionString };
    const { stderr, exitCode } = await runProgram(new URL('../', import.meta.url), code, { env });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /\[CLIENT_FORGOTTEN\] PoolWarning: Pool 'leaky': the client of process \d+ was collected.*\n +at (async )?forgetful/,
    );
    expect(stderr).not.toContain(new URL(database.server.connectionString).password || 'no password');
  });
});

describe('a client that somebody can still use', () => {
  it('is not taken away while only its `query` is kept', async () => {
    const pool = database.pool();
    const leaks = leaksOf(pool);
    let query: PoolClient['query'] | undefined = (await pool.acquire()).query;
    await collectThoroughly();
    expect((await query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect([leaks, pool.stats().borrowed]).toEqual([[], 1]);
    query = undefined;
    await collected(() => leaks.length > 0);
  });

  it('is not taken away while only the transaction in it is kept', async () => {
    const pool = database.pool();
    const leaks = leaksOf(pool);
    const begin = async (): Promise<Transaction> =>
      await pool.Transaction.startInClient(await pool.acquire(), true);
    const transaction = await begin();
    await transaction.query('INSERT INTO items VALUES (1)');
    await collectThoroughly();
    await transaction.commit();
    expect([leaks, await ids(database), pool.stats().borrowed]).toEqual([[], [1], 0]);
  });

  it('is not taken away in the middle of a statement', async () => {
    const pool = database.pool();
    const leaks = leaksOf(pool);
    const blocked = await blockedStatement(database);
    const ask = async (): Promise<void> => {
      const client = await pool.acquire();
      client.query(blocked.text, () => {});
    };
    await ask();
    await blocked.arrived();
    await collectThoroughly();
    expect([leaks, pool.stats().borrowed]).toEqual([[], 1]);
    await blocked.release();
    await collected(() => leaks.length > 0);
  });

  it('is not reported once it was given back, however that was done', async () => {
    const pool = database.pool({ max: 1 });
    const leaks = leaksOf(pool);
    const inTurns = async (): Promise<void> => {
      (await pool.acquire()).release();
      pool.release(await pool.acquire());
      await (await pool.Transaction.start()).rollback();
      const transaction = await pool.Transaction.start();
      await transaction.query('SELECT 1');
      // The second one waits, so that the first hands over at its COMMIT.
      const next = pool.acquire();
      await transaction.commit();
      (await next).release();
    };
    await inTurns();
    await collectThoroughly();
    expect([leaks, pool.stats().open]).toEqual([[], 1]);
  });
});
