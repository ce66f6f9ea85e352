import { setTimeout as sleep } from 'node:timers/promises';
import { createPool } from '@silly-face/pg-pool-transactions';
import { Client, Pool } from 'pg';
import { createPool as createSlonikPool, sql as slonikSql } from 'slonik';
import { type Context, type Row, totalRow } from '../harness/row.ts';

const connections = 10;
/** How often each increment may be tried again. */
const retries = 5;

const read = 'select value from hot_row';
const write = 'update hot_row set value = $1';

/** Increments that all want the same row at once, each in a SERIALIZABLE transaction that reads it and then writes it. */
export async function measureHotRow({ quick, log }: Context, connectionString: string): Promise<Row[]> {
  const url = new URL(connectionString);
  url.searchParams.set('options', '-c default_transaction_isolation=serializable');
  const admin = new Client({ connectionString });
  await admin.connect();
  await admin.query('create unlogged table hot_row as select 0 as value');
  const rounds = quick ? 1 : 5;
  const wanted = quick ? 200 : 600;
  log(`pg: ${rounds} rounds of ${wanted} increments of one row on ${connections} connections`);
  const done: Record<string, number> = {};
  const attempts: Record<string, number> = {};
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, open] of Object.entries(candidates)) {
        await admin.query('update hot_row set value = 0');
        const candidate = await open(url.href);
        const increments = Array.from({ length: wanted }, () => candidate.increment());
        await Promise.allSettled(increments);
        await candidate.end();
        const { rows } = await admin.query<{ value: number }>(read);
        done[name] = (done[name] ?? 0) + Number(rows[0]?.value);
        attempts[name] = (attempts[name] ?? 0) + candidate.attempts / wanted / rounds;
      }
    }
  } finally {
    await admin.query('drop table hot_row');
    await admin.end();
  }
  const n = rounds * wanted;
  const what = `one hot SERIALIZABLE row, ${n} increments wanted, ${retries} retries`;
  const against = 'slonik';
  return [
    totalRow(done, { dimension: what, unit: 'done', better: 'higher', against, n, goalTotal: 0.96 * n }),
    totalRow(attempts, { dimension: what, unit: 'attempts each', better: 'lower', against, n, goalTotal: 2 }),
  ];
}

interface Candidate {
  /** Of all increments together. */
  attempts: number;
  increment(): Promise<unknown>;
  end(): Promise<unknown>;
}

const candidates: Record<string, (connectionString: string) => Promise<Candidate>> = {
  async ours(connectionString) {
    const pool = createPool({ connectionString, max: connections });
    const candidate: Candidate = {
      attempts: 0,
      increment: () =>
        pool.transaction({ retries }, async () => {
          candidate.attempts++;
          const { rows } = await pool.query<{ value: number }>(read);
          await pool.query(write, [Number(rows[0]?.value) + 1]);
        }),
      end: () => pool.drain(),
    };
    return candidate;
  },

  /** What one writes who knows: full jitter, from 10 ms, doubled up to a second. */
  async 'pg-pool, by hand'(connectionString) {
    const pool = new Pool({ connectionString, max: connections });
    const attempt = async (): Promise<void> => {
      candidate.attempts++;
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const { rows } = await client.query<{ value: number }>(read);
        await client.query(write, [Number(rows[0]?.value) + 1]);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    };
    const candidate: Candidate = {
      attempts: 0,
      async increment() {
        for (let failed = 1; ; failed++) {
          try {
            return await attempt();
          } catch (error) {
            if (failed > retries || (error as { code?: string }).code !== '40001') throw error;
          }
          await sleep(Math.random() * Math.min(1_000, 10 * 2 ** failed));
        }
      },
      end: () => pool.end(),
    };
    return candidate;
  },

  async slonik(connectionString) {
    const pool = await createSlonikPool(connectionString, {
      maximumPoolSize: connections,
      transactionRetryLimit: retries,
    });
    const candidate: Candidate = {
      attempts: 0,
      increment: () =>
        pool.transaction(async (transaction) => {
          candidate.attempts++;
          const value = await transaction.oneFirst(slonikSql.unsafe`select value from hot_row`);
          await transaction.query(slonikSql.unsafe`update hot_row set value = ${Number(value) + 1}`);
        }),
      end: () => pool.end(),
    };
    return candidate;
  },
};
