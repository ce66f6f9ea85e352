import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import type { PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();
const rounds = Array.from({ length: 60 }, (_, round) => round);

describe.each([[{}], [{ pipeline: false }]])('on a pool with %o', (options: PoolOptions) => {
  it('a limit that is reached at any moment of a transaction costs no connection', async () => {
    const pool = database.pool({ max: 1, ...options });
    await pool.query('SELECT 1');
    for (const round of rounds) {
      const outcome = pool.transaction({ timeoutMs: 5 + round / 3, retries: 1_000 }, () =>
        pool.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"),
      );
      await expect(outcome).rejects.toMatchObject({ code: 'TRANSACTION_TIMEOUT' });
      await waitUntil(() => pool.stats().borrowed === 0, { what: 'the client to be back' });
      expect(pool.stats().open).toBe(1);
    }
  });

  it('nor does an abort in a savepoint, which leaves the transaction around it as it was', async () => {
    const pool = database.pool({ max: 1, ...options });
    await pool.transaction(async () => {
      for (const round of rounds) {
        const controller = new AbortController();
        const aborted = pool.transaction({ propagation: 'nested', signal: controller.signal }, async () => {
          void sleep(round / 10).then(() => controller.abort());
          for (;;) await pool.query('SELECT pg_sleep(0.001)');
        });
        await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
        await pool.transaction({ propagation: 'nested' }, () =>
          pool.query('INSERT INTO items VALUES ($1)', [round]),
        );
      }
    });
    const { rows } = await pool.query('SELECT count(*)::int FROM items');
    expect(rows).toEqual([{ count: rounds.length }]);
  });
});
