import { waitUntil } from '@silly-face/testing';
import { PoolDeadlockError } from '@silly-face/pg-pool-transactions';
import type { BlockOptions, Pool, Propagation } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();

/** Which of the transactions does a block run in? */
async function where(pool: Pool, propagation: Propagation): Promise<string> {
  const outer = pool.currentTransaction;
  try {
    return await pool.transaction({ propagation }, async () => {
      await pool.query('SELECT 1');
      const inner = pool.currentTransaction;
      if (!inner) return 'none';
      if (inner === outer) return 'the same';
      return outer && inner.pgClient.processId === outer.pgClient.processId ? 'a savepoint' : 'a new one';
    });
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe.each([
  ['required', 'a new one', 'the same'],
  ['requires-new', 'a new one', 'a new one'],
  ['nested', 'a new one', 'a savepoint'],
  ['supports', 'none', 'the same'],
  ['mandatory', 'TRANSACTION_REQUIRED', 'the same'],
  ['not-supported', 'none', 'none'],
  ['never', 'none', 'TRANSACTION_FORBIDDEN'],
] as const)('%s', (propagation, outside, inside) => {
  it(`runs in ${outside} when there is none, and in ${inside} within one`, async () => {
    const pool = database.pool();
    expect(await where(pool, propagation)).toBe(outside);
    const failed = inside === 'TRANSACTION_FORBIDDEN';
    expect(await pool.transaction(() => where(pool, propagation))).toBe(inside);
    expect(failed || pool.stats().borrowed === 0).toBe(true);
  });
});

describe('a block that joins', () => {
  it('and fails keeps the whole from being committed, although its caller goes on', async () => {
    const pool = database.pool();
    await expect(
      pool.transaction(async () => {
        await pool.query('INSERT INTO items VALUES (1)');
        const part = pool.transaction(async () => {
          await pool.query('INSERT INTO items VALUES (2)');
          throw new Error('half done');
        });
        await part.catch(() => {});
      }),
    ).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK', cause: { message: 'half done' } });
    expect(await ids(database)).toEqual([]);
  });

  const joins: [BlockOptions, BlockOptions, string][] = [
    [{}, { isolation: 'read committed' }, 'joined'],
    [{ isolation: 'serializable' }, { isolation: 'repeatable read' }, 'joined'],
    [{}, { readOnly: true }, 'joined'],
    [{}, { isolation: 'serializable' }, 'TRANSACTION_MISMATCH'],
    [{ readOnly: true }, { readOnly: false }, 'TRANSACTION_MISMATCH'],
  ];
  it.each(joins)('a transaction begun with %j, asking for %j: %s', async (running, asked, outcome) => {
    const pool = database.pool();
    const join = (): Promise<string> => pool.transaction(asked, () => 'joined');
    const joined = await pool.transaction(running, () =>
      join().catch((error: { code: string }) => error.code),
    );
    expect(joined).toBe(outcome);
  });
});

describe('a nested block', () => {
  it('is rolled back alone', async () => {
    const pool = database.pool({ max: 1 });
    const order: string[] = [];
    await pool.transaction(async (outer) => {
      await pool.query('INSERT INTO items VALUES (1)');
      outer.afterCommit(() => order.push('outer committed'));
      const failed = pool.transaction({ propagation: 'nested' }, async (inner) => {
        inner.afterCommit(() => order.push('failed committed'));
        inner.afterRollback(() => order.push('failed rolled back'));
        await pool.query('INSERT INTO items VALUES (2)');
        await pool.query('INSERT INTO missing VALUES (2)');
      });
      await expect(failed).rejects.toMatchObject({ code: '42P01' });
      await pool.transaction({ propagation: 'nested' }, async (inner) => {
        inner.afterCommit(() => order.push('inner committed'));
        await pool.query('INSERT INTO items VALUES (3)');
      });
      order.push('block');
    });
    expect(await ids(database)).toEqual([1, 3]);
    expect(order).toEqual(['failed rolled back', 'block', 'outer committed', 'inner committed']);
  });

  it('in which a failure was swallowed rejects with it, and leaves the rest usable', async () => {
    const pool = database.pool({ max: 1 });
    await pool.transaction(async () => {
      await pool.query('INSERT INTO items VALUES (1)');
      await expect(
        pool.transaction({ propagation: 'nested' }, async () => {
          await pool.query('INSERT INTO items VALUES (2)');
          await pool.query('INSERT INTO missing VALUES (2)').catch(() => {});
        }),
      ).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK', cause: { code: '42P01' } });
      await pool.query('INSERT INTO items VALUES (3)');
    });
    expect(await ids(database)).toEqual([1, 3]);
  });

  it('keeps parallel ones, and parallel statements of the transaction around them, out of its savepoint', async () => {
    const pool = database.pool({ max: 1 });
    await pool.transaction(async (outer) => {
      const nested = (id: number, fails: boolean): Promise<void> =>
        pool.transaction({ propagation: 'nested' }, async () => {
          await pool.query('INSERT INTO items VALUES ($1)', [id]);
          await pool.transaction({ propagation: 'nested' }, () =>
            pool.query('INSERT INTO items VALUES ($1)', [id + 10]),
          );
          // The handle of the transaction around it is part of this call tree: it does not wait for its own end.
          await outer.query('INSERT INTO items VALUES ($1)', [id + 20]);
          if (fails) throw new Error('planned');
        });
      const parallel = await Promise.allSettled([
        nested(1, true),
        nested(2, false),
        nested(3, true),
        nested(4, false),
        pool.query('INSERT INTO items VALUES (5)'),
        outer.query('INSERT INTO items VALUES (6)'),
      ]);
      expect(parallel.map(({ status }) => status)).toEqual([
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
        'fulfilled',
      ]);
    });
    expect(await ids(database)).toEqual([2, 4, 5, 6, 12, 14, 22, 24]);
  });
});

describe('a block of its own', () => {
  it('is committed although the transaction around it is rolled back', async () => {
    const pool = database.pool();
    await expect(
      pool.transaction(async () => {
        await pool.query('INSERT INTO items VALUES (1)');
        await pool.transaction({ propagation: 'requires-new' }, () =>
          pool.query('INSERT INTO items VALUES (2)'),
        );
        await pool.transaction({ propagation: 'not-supported' }, () =>
          pool.query('INSERT INTO items VALUES (3)'),
        );
        throw new Error('planned');
      }),
    ).rejects.toThrow('planned');
    expect(await ids(database)).toEqual([2, 3]);
  });

  it('is refused at once when its client could only come from somebody who waits for it', async () => {
    const pool = database.pool({ max: 1 });
    const own = { propagation: 'requires-new' } as const;
    const within = pool.transaction(() => pool.transaction(own, () => 'never'));
    await expect(within).rejects.toBeInstanceOf(PoolDeadlockError);
    await expect(pool.use(() => pool.query('SELECT 1'))).rejects.toMatchObject({ code: 'POOL_DEADLOCK' });
    await expect(pool.transaction(() => pool.acquire())).rejects.toMatchObject({ code: 'POOL_DEADLOCK' });
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1 });
  });

  it('waits as long as one of the holders can still come to its end', async () => {
    const pool = database.pool({ max: 2 });
    const free = await pool.acquire();
    const waits = pool.transaction(() => pool.transaction({ propagation: 'requires-new' }, () => 'served'));
    await waitUntil(() => pool.stats().waiting === 1, { what: 'the inner block to wait' });
    free.release();
    expect(await waits).toBe('served');
  });

  it('in many parallel transactions never hangs: each is served or refused', async () => {
    const pool = database.pool({ max: 3 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, id) =>
        pool.transaction(() =>
          pool.transaction({ propagation: 'requires-new' }, () =>
            pool.query('INSERT INTO items VALUES ($1)', [id]),
          ),
        ),
      ),
    );
    const served = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(await ids(database)).toHaveLength(served);
    expect(served).toBeGreaterThan(0);
    const refused = outcomes
      .filter(({ status }) => status === 'rejected')
      .map((outcome) => 'reason' in outcome && outcome.reason);
    expect(refused.filter((reason) => !(reason instanceof PoolDeadlockError))).toEqual([]);
  });
});
