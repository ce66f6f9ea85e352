import { waitUntil } from '@silly-face/testing';
import type { Pool, PoolOptions } from '@silly-face/pg-pool-transactions';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { bringPgBouncer, startPgBouncer } from './support/pgbouncer.ts';

const database = useDatabase();
const insert = 'INSERT INTO items VALUES ($1)';

let missing: string | undefined;
beforeAll(async () => {
  missing = await bringPgBouncer();
}, 300_000);
beforeEach((context) => {
  if (missing) context.skip(missing);
});

/** More clients than PgBouncer has connections to the server. */
async function behindPgBouncer(test: (pool: Pool) => Promise<void>, options?: PoolOptions): Promise<void> {
  await using bouncer = await startPgBouncer(database.server.connectionString, 2);
  const pool = database.pool({ connectionString: bouncer.connectionString, max: 5, ...options });
  await test(pool);
  await waitUntil(() => pool.stats().borrowed === 0, { what: 'every client to be back' });
  await pool.drain();
}

it('behind PgBouncer in transaction mode, transactions begin in one packet, are handed over, and stay apart', async () => {
  await behindPgBouncer(async (pool) => {
    const asked = Array.from({ length: 60 }, (_, id) => id);
    const outcomes = await Promise.allSettled(
      asked.map((id) =>
        pool.transaction(async (transaction) => {
          await pool.query(insert, [2 * id]);
          const { rows } = await pool.query('SELECT txid_current_if_assigned() IS NOT NULL AS inside');
          expect(rows).toEqual([{ inside: true }]);
          if (id % 3 === 0) await transaction.batch([{ text: insert, values: [2 * id + 1] }, 'SELECT 1']);
          else await pool.query(insert, [2 * id + 1]);
          if (id % 5 === 0) throw new Error('mine');
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(asked.length / 5);
    expect(await ids(database)).toEqual(asked.flatMap((id) => (id % 5 === 0 ? [] : [2 * id, 2 * id + 1])));
  });
});

it('behind PgBouncer, errors, savepoints and batches are as in front of the server itself', async () => {
  await behindPgBouncer(async (pool) => {
    await expect(
      pool.transaction(async () => {
        await pool.query(insert, [1]);
        await pool.query(insert, [1]).catch(() => {});
      }),
    ).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK', cause: { code: '23505' } });
    await pool.transaction(async () => {
      await pool.query(insert, [2]);
      await pool.transaction({ propagation: 'nested' }, () => pool.query('SELECT 1 / 0')).catch(() => {});
      await pool.query(insert, [3]);
    });
    await expect(
      pool.batch([
        { text: insert, values: [4] },
        { text: insert, values: [2] },
      ]),
    ).rejects.toMatchObject({ code: '23505', batchIndex: 1 });
    expect(await ids(database)).toEqual([2, 3]);
  });
});

it('behind PgBouncer, what takes too long is cancelled on the server', async () => {
  await behindPgBouncer(async (pool) => {
    const forever = 'SELECT pg_sleep(600)';
    await expect(pool.query({ text: forever, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'STATEMENT_TIMEOUT',
    });
    await expect(pool.transaction({ timeoutMs: 300 }, () => pool.query(forever))).rejects.toMatchObject({
      code: 'TRANSACTION_TIMEOUT',
    });
    await waitUntil(
      async () =>
        (
          await database.sql(
            "SELECT FROM pg_stat_activity WHERE query LIKE '%sleep(600)' AND state = 'active' AND pid <> pg_backend_pid()",
          )
        ).length === 0,
      { what: 'nothing to run on the server' },
    );
  });
});

it('behind PgBouncer, `pipeline: false` works as well', async () => {
  await behindPgBouncer(
    async (pool) => {
      await Promise.all([1, 2, 3, 4, 5, 6].map((id) => pool.transaction(() => pool.query(insert, [id]))));
      expect(await ids(database)).toEqual([1, 2, 3, 4, 5, 6]);
    },
    { pipeline: false },
  );
});
