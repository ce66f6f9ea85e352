import { waitUntil } from '@silly-face/testing';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockedStatement, ids, useDatabase } from './support/database.ts';
import { startProxy } from './support/proxy.ts';

const database = useDatabase();
const insert = 'INSERT INTO items VALUES ($1)';

/** A transaction that inserts the ids. */
function store(pool: Pool, ...numbers: number[]): Promise<void> {
  return pool.transaction(async () => {
    for (const number of numbers) await pool.query(insert, [number]);
  });
}

it('saves the one who waits a round trip', async () => {
  await using proxy = await startProxy(database.server.connectionString);
  const pool = database.pool({ connectionString: proxy.connectionString, max: 1 });
  await pool.query('SELECT 1');
  proxy.roundTrips = 0;
  await Promise.all([store(pool, 1, 2), store(pool, 3, 4), store(pool, 5, 6)]);
  expect([proxy.roundTrips, await ids(database)]).toEqual([3 + 2 + 2, [1, 2, 3, 4, 5, 6]]);
  await pool.drain();
});

it('leaves one who fails at COMMIT with its error, and the next with its success', async () => {
  await database.sql('CREATE TABLE pairs (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
  const pool = database.pool({ max: 1 });
  const ended: string[] = [];
  const outcomes = await Promise.allSettled([
    pool.transaction(async (transaction) => {
      transaction.afterRollback(() => ended.push('rolled back'));
      await pool.query('INSERT INTO pairs VALUES (1), (1)');
    }),
    store(pool, 1),
    pool.query(insert, [2]),
  ]);
  expect(outcomes).toMatchObject([
    { reason: { code: '23505', constraint: 'pairs_id_key' } },
    { status: 'fulfilled' },
    { status: 'fulfilled' },
  ]);
  expect([await ids(database), ended, pool.stats().open]).toEqual([[1, 2], ['rolled back'], 1]);
  await database.sql('DROP TABLE pairs');
});

it('does not happen while it is open what COMMIT will be answered', async () => {
  const pool = database.pool({ max: 1 });
  const late: Promise<unknown>[] = [];
  const outcomes = await Promise.allSettled([
    pool.transaction(async () => {
      await pool.query(insert, [1]);
      late.push(pool.query('INSERT INTO missing VALUES (1)').catch((error: unknown) => error));
    }),
    pool.transaction(async () => {
      await pool.query('INSERT INTO missing VALUES (1)').catch(() => {});
    }),
    store(pool, 2),
  ]);
  const rolledBack = { reason: { code: 'TRANSACTION_ROLLED_BACK', cause: { code: '42P01' } } };
  expect(outcomes).toMatchObject([rolledBack, rolledBack, { status: 'fulfilled' }]);
  expect(await Promise.all(late)).toMatchObject([{ code: '42P01' }]);
  expect([await ids(database), pool.stats().open]).toEqual([[2], 1]);
});

describe('while the COMMIT of the one before is unanswered', () => {
  beforeAll(async () => {
    await database.sql(`
      CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON items DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION wait_for_lock()`);
  });
  afterAll(async () => {
    await database.sql('DROP TRIGGER slow_commit ON items; DROP FUNCTION wait_for_lock()');
  });

  /** The first of two has written its COMMIT, which does not end before `release`; the next one has its client. */
  async function handedOver<T>(
    pool: Pool,
    next: () => Promise<T>,
  ): Promise<{
    first: Promise<unknown>;
    second: Promise<T>;
    release: () => Promise<void>;
  }> {
    const blocked = await blockedStatement(database);
    const first = store(pool, 1).then(
      () => 'committed',
      (error: unknown) => error,
    );
    const second = next();
    await blocked.arrived();
    return { first, second, release: () => blocked.release() };
  }

  it('the next one runs behind it', async () => {
    const pool = database.pool({ max: 1 });
    const { first, second, release } = await handedOver(pool, () => store(pool, 2));
    expect(pool.stats()).toMatchObject({ borrowed: 1, waiting: 0 });
    await release();
    expect([await first, await second, await ids(database)]).toEqual(['committed', undefined, [1, 2]]);
  });

  it('the next one may give the client back untouched', async () => {
    const pool = database.pool({ max: 1 });
    const { first, second, release } = await handedOver(pool, async () => {
      const client = await pool.acquire();
      client.release();
      return client.processId;
    });
    const processId = await second;
    await release();
    expect(await first).toBe('committed');
    await waitUntil(() => pool.stats().idle === 1, { what: 'the client to be back' });
    expect(await pool.use((client) => client.processId)).toBe(processId);
  });

  it('the next one may give the client back dirty', async () => {
    const pool = database.pool({ max: 1 });
    const reasons: string[] = [];
    pool.on('remove', ({ reason }) => reasons.push(reason));
    const { first, second, release } = await handedOver(pool, async () => {
      const client = await pool.acquire();
      const unanswered = Promise.all([client.query('BEGIN'), client.query(insert, [2])]);
      client.release();
      return { unanswered };
    });
    const { unanswered } = await second;
    await release();
    expect(await first).toBe('committed');
    await unanswered;
    await waitUntil(() => pool.stats().open === 0, { what: 'the client to be closed' });
    expect([await ids(database), reasons]).toEqual([[1], ['in transaction']]);
  });

  it('the next one may fail in each of its ways', async () => {
    const pool = database.pool({ max: 1 });
    const { first, second, release } = await handedOver(pool, () =>
      Promise.allSettled([
        pool.transaction(() => pool.query('bogus')),
        pool.transaction(() => {
          throw new Error('mine');
        }),
        pool.query('SELECT 1 / 0'),
        store(pool, 2),
      ]),
    );
    await release();
    expect([await first, await second]).toMatchObject([
      'committed',
      [
        { reason: { code: '42601' } },
        { reason: { message: 'mine' } },
        { reason: { code: '22012' } },
        { status: 'fulfilled' },
      ],
    ]);
    expect([await ids(database), pool.stats().open]).toEqual([[1, 2], 1]);
  });

  it('the pool may be drained', async () => {
    const pool = database.pool({ max: 1 });
    const { first, second, release } = await handedOver(pool, () => store(pool, 2));
    const drained = pool.drain();
    await release();
    expect([await first, await second, await drained]).toEqual(['committed', undefined, undefined]);
  });

  it('a lost connection leaves the first in doubt, and nothing of the next', async () => {
    const pool = database.pool({ max: 1 });
    const { first, second, release } = await handedOver(pool, () =>
      store(pool, 2).catch((error: unknown) => error),
    );
    const [row] = await database.sql<{ pid: number }>(
      "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    );
    await database.kill(row?.pid ?? null);
    expect(await first).toMatchObject({ code: 'COMMIT_OUTCOME_UNKNOWN', cause: { code: 'CLIENT_LOST' } });
    expect(await second).toMatchObject({ code: 'CLIENT_LOST' });
    await release();
    expect([await ids(database), pool.stats()]).toMatchObject([[], { open: 0, borrowed: 0 }]);
  });
});
