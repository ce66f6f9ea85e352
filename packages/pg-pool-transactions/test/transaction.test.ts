import { waitUntil } from '@silly-face/testing';
import { TransactionError } from '@silly-face/pg-pool-transactions';
import type { Transaction } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();

describe('pool.transaction', () => {
  it('commits what its block has asked of the pool, and resolves to its result', async () => {
    const pool = database.pool();
    const insertFar = async (id: number): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      await pool.query('INSERT INTO items VALUES ($1)', [id]);
    };
    const result = await pool.transaction(async (transaction) => {
      await Promise.all([insertFar(1), insertFar(2), transaction.query('INSERT INTO items VALUES (3)')]);
      await pool.use((client) => client.query('INSERT INTO items VALUES (4)'));
      expect(await ids(database)).toEqual([]);
      expect(pool.stats().borrowed).toBe(1);
      return 'done';
    });
    expect([result, await ids(database)]).toEqual(['done', [1, 2, 3, 4]]);
  });

  it('surrounds what callbacks ask, too', async () => {
    const pool = database.pool();
    const failure = await pool
      .transaction(
        () =>
          new Promise((_resolve, reject) => {
            pool.query('INSERT INTO items VALUES (1)', () => {
              pool.query('INSERT INTO items VALUES (2)', (error, result) => {
                reject(new Error(`${error?.message} ${result?.rowCount} ${pool.stats().borrowed}`));
              });
            });
          }),
      )
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'undefined 1 1' });
    expect(await ids(database)).toEqual([]);
  });

  it('rolls back and passes the error of its block on, thrown or rejected', async () => {
    const pool = database.pool();
    const failure = new Error('mine');
    await expect(
      pool.transaction(async () => {
        await pool.query('INSERT INTO items VALUES (1)');
        throw failure;
      }),
    ).rejects.toBe(failure);
    await expect(
      pool.transaction(() => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await ids(database)).toEqual([]);
  });

  it('keeps parallel transactions apart', async () => {
    const pool = database.pool({ max: 10 });
    const backend = async (): Promise<unknown> =>
      (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
    const observe = async (transaction: Transaction, id: number): Promise<Set<unknown>> => {
      const seen = new Set([transaction.pgClient.processId, await backend()]);
      await pool.query('INSERT INTO items VALUES ($1)', [id]);
      return seen.add(await backend()).add(pool.currentTransaction?.pgClient.processId);
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, id) =>
        pool.transaction(async (transaction) => {
          const backends = await observe(transaction, id);
          if (id % 2 === 1) throw new Error('odd');
          return backends.size;
        }),
      ),
    );
    expect(outcomes).toEqual(
      outcomes.map((_, id) =>
        id % 2 === 1 ? { status: 'rejected', reason: new Error('odd') } : { status: 'fulfilled', value: 1 },
      ),
    );
    expect(await ids(database)).toEqual(Array.from({ length: 15 }, (_, half) => 2 * half));
    expect(pool.currentTransaction).toBeUndefined();
  });

  it('rejects with the first failure when a failure was swallowed and Postgres answers COMMIT with ROLLBACK', async () => {
    const pool = database.pool();
    const ended: string[] = [];
    const error = await pool
      .transaction(async (transaction) => {
        transaction.afterCommit(() => ended.push('committed'));
        transaction.afterRollback(() => ended.push('rolled back'));
        await pool.query('INSERT INTO items VALUES (1)');
        await pool.query('INSERT INTO missing VALUES (1)').catch(() => {});
        await pool.query('INSERT INTO items VALUES (2)').catch(() => {});
      })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TransactionError);
    expect(error).toMatchObject({
      name: 'TransactionError',
      code: 'TRANSACTION_ROLLED_BACK',
      message: 'The transaction was rolled back instead of committed: relation "missing" does not exist',
      cause: { code: '42P01' },
    });
    expect([await ids(database), ended]).toEqual([[], ['rolled back']]);
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1 });
  });

  it('waits with COMMIT for statements that its block did not await', async () => {
    const pool = database.pool();
    const statements: Promise<unknown>[] = [];
    await pool.transaction(() => {
      statements.push(pool.query('INSERT INTO items VALUES (1)'), pool.query('INSERT INTO items VALUES (2)'));
    });
    await Promise.all(statements);
    expect(await ids(database)).toEqual([1, 2]);
  });

  it('refuses a late query instead of running it outside', async () => {
    const pool = database.pool();
    let goOn!: () => void;
    let late: Promise<unknown[]> | undefined;
    const handle = await pool.transaction((transaction) => {
      late = new Promise<void>((resolve) => {
        goOn = resolve;
      }).then(async () => {
        const attempts = [
          pool.query('INSERT INTO items VALUES (1)'),
          transaction.query('INSERT INTO items VALUES (2)'),
          transaction.pgClient.query('INSERT INTO items VALUES (3)'),
          pool.transaction(() => pool.query('INSERT INTO items VALUES (4)')),
          transaction.commit(),
        ].map((attempt) => attempt.catch((error: unknown) => error));
        await pool.transaction({ propagation: 'not-supported' }, () =>
          pool.query('INSERT INTO items VALUES (5)'),
        );
        return await Promise.all(attempts);
      });
      return transaction;
    });
    goOn();
    for (const error of (await late) ?? []) expect(error).toMatchObject({ code: 'TRANSACTION_ENDED' });
    expect(() => handle.afterCommit(() => {})).toThrow(
      expect.objectContaining({ code: 'TRANSACTION_ENDED' }),
    );
    expect(await ids(database)).toEqual([5]);
  });

  it('begins as its options say', async () => {
    const pool = database.pool();
    const modes = async (): Promise<unknown[]> => [
      (await pool.query('SHOW transaction_isolation')).rows[0]?.['transaction_isolation'],
      (await pool.query('SHOW transaction_read_only')).rows[0]?.['transaction_read_only'],
      (await pool.query('SHOW transaction_deferrable')).rows[0]?.['transaction_deferrable'],
    ];
    expect(await pool.transaction(modes)).toEqual(['read committed', 'off', 'off']);
    expect(await pool.transaction({ isolation: 'repeatable read' }, modes)).toEqual([
      'repeatable read',
      'off',
      'off',
    ]);
    const strictest = { isolation: 'serializable', readOnly: true, deferrable: true } as const;
    expect(await pool.transaction(strictest, modes)).toEqual(['serializable', 'on', 'on']);
    await expect(
      pool.transaction({ readOnly: true }, () => pool.query('INSERT INTO items VALUES (1)')),
    ).rejects.toMatchObject({ code: '25006' });
  });

  it.each([
    [{ isolation: 'chaos' }, 'Expected `isolation` to be one of'],
    [{ readOnly: 1 }, 'Expected `readOnly` to be a boolean, got 1'],
    [{ deferrable: true }, '`deferrable` means something only with'],
    [{ propagation: 'REQUIRED' }, 'Expected `propagation` to be one of'],
    [{ retries: -1 }, 'Expected `retries` to be an integer from 0 up, got -1'],
    [{ propagation: 'never', retries: 1 }, '`retries` means nothing with propagation'],
    [{ timeout: 1 }, 'Unknown option `timeout`'],
  ])('refuses %j', async (options, message) => {
    await expect(database.pool().transaction(options as object, () => {})).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message),
    });
  });
});

describe('hooks', () => {
  it('run in their order, after the end, outside of any transaction, with the client back in the pool', async () => {
    const pool = database.pool({ max: 1 });
    const order: unknown[] = [];
    await pool.transaction(async (transaction) => {
      transaction.afterCommit(async () => {
        order.push(['first', transaction.state, pool.currentTransaction, pool.stats().borrowed]);
        await pool.query('INSERT INTO items VALUES (1)');
      });
      transaction.afterCommit(() => order.push('second'));
      await pool.query('SELECT 1');
      order.push('block');
    });
    expect(order).toEqual(['block', ['first', 'committed', undefined, 0], 'second']);
    expect(await ids(database)).toEqual([1]);
  });

  it('that fail are reported, and change nothing about the outcome', async () => {
    const pool = database.pool();
    const reported: unknown[] = [];
    pool.on('hookError', (error) => reported.push(error));
    const hooks = (transaction: Transaction): void => {
      for (const add of ['afterCommit', 'afterRollback'] as const) {
        transaction[add](() => Promise.reject(new Error(add)));
        transaction[add](() => reported.push('next'));
      }
    };
    expect(await pool.transaction((transaction) => (hooks(transaction), 'result'))).toBe('result');
    await expect(
      pool.transaction((transaction) => {
        hooks(transaction);
        throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
    await waitUntil(() => reported.length === 4, { what: 'the last event' });
    expect(reported.filter((entry) => entry !== 'next')).toMatchObject([
      { code: 'HOOK_FAILED', cause: { message: 'afterCommit' } },
      { code: 'HOOK_FAILED', cause: { message: 'afterRollback' } },
    ]);
  });
});
