import { waitUntil } from '@silly-face/testing';
import { PoolError } from '@silly-face/pg-pool-transactions';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();
const applicationName = 'under kills';
// The system uses the number of a process again.
const backend = "pid || ' ' || backend_start AS backend";
// What a kill leads to is the package's own doing, not Node's: on the versions of the matrix a few are enough.
const kills = process.versions.node.startsWith('20.') ? 1_000 : 200;

const insert = (id: number): { text: string; values: number[] } => ({
  text: 'INSERT INTO items VALUES ($1)',
  values: [id],
});

/** Ways to store two rows: both, or none. */
const operations: Record<string, (pool: Pool, one: number, two: number) => Promise<unknown>> = {
  transaction: (pool, one, two) =>
    pool.transaction(async () => {
      await pool.query(insert(one));
      await pool.query(insert(two));
    }),
  'parallel statements': (pool, one, two) =>
    pool.transaction(() => Promise.all([pool.query(insert(one)), pool.query(insert(two))])),
  'batch in a transaction': (pool, one, two) =>
    pool.transaction((transaction) => transaction.batch([insert(one), insert(two)])),
  batch: (pool, one, two) => pool.batch([insert(one), insert(two)]),
  savepoint: (pool, one, two) =>
    pool.transaction(async () => {
      await pool.query(insert(one));
      await pool.transaction({ propagation: 'nested' }, () => pool.query(insert(two)));
    }),
  'with a limit': (pool, one, two) =>
    pool.transaction({ timeoutMs: 60_000 }, async () => {
      await pool.query({ ...insert(one), timeoutMs: 30_000 });
      await pool.query(insert(two));
    }),
  'by hand': async (pool, one, two) => {
    const transaction = await pool.Transaction.start();
    try {
      await transaction.query(insert(one));
      await transaction.query(insert(two));
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    await transaction.commit();
  },
  'rolled back': async (pool, one, two) => {
    const transaction = await pool.Transaction.start();
    try {
      await transaction.batch([insert(one), insert(two)]);
    } finally {
      await transaction.rollback();
    }
  },
};

interface Outcome {
  readonly operation: string;
  readonly ids: readonly [number, number];
  done: boolean;
  error?: unknown;
}

/** How many of the two rows may be there. */
function allowed({ operation, done, error }: Outcome): readonly number[] {
  if (operation === 'rolled back') return [0];
  if (done) return [2];
  const { code } = error as PoolError;
  const inDoubt = code === 'COMMIT_OUTCOME_UNKNOWN' || (code === 'CLIENT_LOST' && operation === 'batch');
  return inDoubt ? [0, 2] : [0];
}

it(`${kills} random kills under load lose nothing that is acknowledged, do nothing twice, and leave every caller answered and every client clean`, async () => {
  const pool = database.pool({ max: 10, application_name: applicationName });
  const names = Object.keys(operations);
  const outcomes: Outcome[] = [];
  const killed = new Set<string>();

  const work = async (): Promise<void> => {
    while (killed.size < kills) {
      const n = outcomes.length;
      const operation = names[n % names.length] as string;
      const outcome: Outcome = { operation, ids: [2 * n, 2 * n + 1], done: false };
      outcomes.push(outcome);
      try {
        await operations[operation]?.(pool, ...outcome.ids);
        outcome.done = true;
      } catch (error) {
        outcome.error = error;
      }
    }
  };
  const kill = async (): Promise<void> => {
    while (killed.size < kills) {
      const victims = await database.sql<{ backend: string }>(`
        SELECT backend, pg_terminate_backend(pid) FROM (
          SELECT pid, ${backend} FROM pg_stat_activity WHERE application_name = '${applicationName}' ORDER BY random() LIMIT 3
        ) AS victim`);
      for (const victim of victims) killed.add(victim.backend);
    }
  };
  await Promise.all([kill(), ...Array.from({ length: 40 }, work)]);

  const unexpected = outcomes.filter(({ error }) => error !== undefined && !(error instanceof PoolError));
  expect(unexpected).toEqual([]);
  const stored = new Set(await ids(database));
  const wrong = outcomes.filter((outcome) => {
    const rows = outcome.ids.filter((id) => stored.has(id)).length;
    return !allowed(outcome).includes(rows);
  });
  expect(wrong).toEqual([]);
  // Each of them was seen to succeed and to fail.
  for (const name of names) {
    const ofIt = outcomes.filter(({ operation }) => operation === name);
    expect([name, ofIt.some(({ done }) => done), ofIt.some(({ done }) => !done)]).toEqual([name, true, true]);
  }

  // Those who were killed last may live on for a while.
  const sound = async (): Promise<boolean> => {
    const alive = await database.sql<{ backend: string }>(
      `SELECT ${backend} FROM pg_stat_activity WHERE application_name = $1`,
      [applicationName],
    );
    const { borrowed, connecting, open } = pool.stats();
    const dying = alive.some((one) => killed.has(one.backend));
    return borrowed + connecting === 0 && alive.length === open && !dying;
  };
  await waitUntil(sound, { what: 'every client to be back, and every dead one to be gone' });
  const clients = await Promise.all(Array.from({ length: 10 }, () => pool.acquire()));
  for (const client of clients) {
    const { rows } = await client.query('SELECT now() = statement_timestamp() AS fresh');
    expect(rows).toEqual([{ fresh: true }]);
    client.release();
  }
}, 120_000);
