import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import type { PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();
const insert = 'INSERT INTO items VALUES ($1)';

describe.each([[{}], [{ pipeline: false }]])('on a pool with %o, a savepoint', (options: PoolOptions) => {
  it('that is aborted leaves the one after it alone', async () => {
    const pool = database.pool({ max: 1, ...options });
    const controller = new AbortController();
    await pool.transaction(async () => {
      const aborted = pool.transaction({ propagation: 'nested', signal: controller.signal }, async () => {
        const asked = pool.query('SELECT pg_sleep(600)');
        controller.abort();
        await asked;
      });
      await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
      await pool.transaction({ propagation: 'nested' }, () => pool.query(insert, [1]));
    });
    expect(await ids(database)).toEqual([1]);
  });

  it.each(['commit', 'rollback'] as const)(
    'takes no more statements after a %s of the transaction around it, never run outside',
    async (end) => {
      const pool = database.pool({ max: 1, ...options });
      await pool.transaction(async (outer) => {
        const nested = pool.transaction({ propagation: 'nested' }, async () => {
          await pool.query(insert, [1]);
          const ended = outer[end]();
          await expect(pool.query(insert, [2])).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
          await ended;
        });
        await expect(nested).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
      });
      expect(await ids(database)).toEqual(end === 'commit' ? [1] : []);
    },
  );

  it('runs its hooks when the transaction around it is aborted', async () => {
    const pool = database.pool({ max: 1, ...options });
    const controller = new AbortController();
    const told: string[] = [];
    const outcome = pool.transaction({ signal: controller.signal }, () =>
      pool.transaction({ propagation: 'nested' }, async (outer) => {
        outer.afterRollback(() => told.push('outer'));
        await pool.transaction({ propagation: 'nested' }, async (inner) => {
          inner.afterCommit(() => told.push('never'));
          inner.afterRollback(() => told.push('inner'));
          await pool.query(insert, [1]);
          controller.abort();
        });
      }),
    );
    await expect(outcome).rejects.toMatchObject({ code: 'ABORTED' });
    await waitUntil(() => told.length === 2, { what: 'both hooks' });
    expect(told.toSorted()).toEqual(['inner', 'outer']);
  });

  it('lets what has waited for it go before the COMMIT, also when that has a limit', async () => {
    const pool = database.pool({ max: 1, ...options });
    let asked: Promise<unknown> | undefined;
    await pool.transaction(async (outer) => {
      void pool.transaction({ propagation: 'nested' }, () => sleep(50));
      await sleep(1);
      asked = outer.query({
        text: 'SELECT now() < statement_timestamp() AS within',
        timeoutMs: 60_000,
      });
    });
    expect(await asked).toMatchObject({ rows: [{ within: true }] });
  });
});
