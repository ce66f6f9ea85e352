import { once } from 'node:events';
import { runProgram } from '@silly-face/testing';
import type { Pool, Transaction } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';

const database = useDatabase();

describe('Transaction', () => {
  it('is begun and ended by hand, with promises', async () => {
    const pool = database.pool({ max: 2 });
    const transaction = await pool.Transaction.start({ isolation: 'serializable' });
    expect(transaction).toBeInstanceOf(pool.Transaction);
    await transaction.pgClient.query('INSERT INTO items VALUES (1)');
    // It surrounds nothing.
    expect((await pool.query('SELECT FROM items')).rowCount).toBe(0);
    await transaction.commit();
    const undone = await pool.Transaction.start();
    await undone.query('INSERT INTO items VALUES (2)');
    await undone.rollback();
    expect([transaction.state, undone.state, await ids(database)]).toEqual(['committed', 'rolled back', [1]]);
    await expect(undone.rollback()).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
  });

  it('is begun and ended by hand, with callbacks', async () => {
    const pool = database.pool();
    const ended = await new Promise((resolve) => {
      pool.Transaction.start((error, transaction) => {
        expect(error).toBeNull();
        transaction?.pgClient.query('INSERT INTO items VALUES (1)', () => {
          transaction.commit((commitError, same) => resolve([commitError, same === transaction]));
        });
      });
    });
    expect([ended, await ids(database)]).toEqual([[null, true], [1]]);
    const rolledBack = await new Promise((resolve) => {
      pool.Transaction.start({ readOnly: true }, (_error, transaction) => {
        transaction?.rollback((error) => resolve(error));
      });
    });
    expect(rolledBack).toBeNull();
  });

  it('runs in a client of the caller, who keeps it unless it is to be released', async () => {
    const pool = database.pool({ max: 1 });
    const client = await pool.acquire();
    const kept = await pool.Transaction.startInClient(client);
    await expect(pool.Transaction.startInClient(client)).rejects.toMatchObject({
      code: 'TRANSACTION_ALREADY_OPEN',
    });
    await client.query('INSERT INTO items VALUES (1)');
    await kept.commit();
    expect(pool.stats().borrowed).toBe(1);
    const given = await new Promise<Transaction | undefined>((resolve) => {
      pool.Transaction.startInClient(client, true, (_error, transaction) => resolve(transaction));
    });
    expect(given?.pgClient).toBe(client);
    await given?.rollback();
    expect(pool.stats().borrowed).toBe(0);
    await expect(pool.Transaction.startInClient(client)).rejects.toMatchObject({ code: 'CLIENT_RELEASED' });
    expect(await ids(database)).toEqual([1]);
  });

  it('gives its client back when BEGIN fails', async () => {
    const pool = database.pool({ max: 1 });
    const processId = await pool.use((client) => client.processId);
    const client = await pool.acquire();
    const noticed = once(pool, 'clientLost');
    await database.kill(processId);
    await noticed;
    await expect(pool.Transaction.startInClient(client, true)).rejects.toMatchObject({ code: 'CLIENT_LOST' });
    expect(pool.stats()).toMatchObject({ open: 0, borrowed: 0 });
  });

  it('that is released in the middle is rolled back, and its commit fails', async () => {
    const pool = database.pool({ max: 1 });
    const transaction = await pool.Transaction.start();
    await transaction.query('INSERT INTO items VALUES (1)');
    transaction.pgClient.release();
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'CLIENT_RELEASED' });
    expect((await pool.query('SELECT FROM items')).rowCount).toBe(0);
  });

  it('reports a constraint that fails at COMMIT as the error of Postgres, and keeps its client', async () => {
    await database.sql('CREATE TABLE pairs (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    const pool = database.pool({ max: 1 });
    const ended: string[] = [];
    await expect(
      pool.transaction(async (transaction) => {
        transaction.afterRollback(() => ended.push('rolled back'));
        await pool.query('INSERT INTO pairs VALUES (1), (1)');
      }),
    ).rejects.toMatchObject({ code: '23505', constraint: 'pairs_id_key' });
    expect(ended).toEqual(['rolled back']);
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1 });
    await database.sql('DROP TABLE pairs');
  });
});

describe('wrapCallback', () => {
  /** The way of callbacks: insert two ids, the second one with a statement that may fail. */
  function insertPair(pool: Pool, second: string, callback: (...results: unknown[]) => void): void {
    pool.Transaction.start((startError, transaction) => {
      if (startError || !transaction) return callback(startError);
      const done = transaction.wrapCallback(callback);
      return transaction.pgClient.query('INSERT INTO items VALUES (1)', (firstError) => {
        if (firstError) return done(firstError);
        return transaction.pgClient.query(second, (error, result) => done(error, result?.rowCount, 'more'));
      });
    });
  }

  it('commits, and then calls back once with all arguments', async () => {
    const pool = database.pool({ max: 1 });
    const results = await new Promise((resolve) => {
      insertPair(pool, 'INSERT INTO items VALUES (2)', (...given) =>
        resolve([...given, pool.stats().borrowed]),
      );
    });
    expect([results, await ids(database)]).toEqual([
      [null, 1, 'more', 0],
      [1, 2],
    ]);
  });

  it('rolls back on an error, and then calls back with it', async () => {
    const pool = database.pool({ max: 1 });
    const results = await new Promise((resolve) => {
      insertPair(pool, 'INSERT INTO missing VALUES (2)', (...given) =>
        resolve([...given, pool.stats().borrowed]),
      );
    });
    expect(results).toEqual([expect.objectContaining({ code: '42P01' }), undefined, 'more', 0]);
    expect(await ids(database)).toEqual([]);
    expect(pool.stats().idle).toBe(1);
  });

  it('hands a failed COMMIT to the callback as its error', async () => {
    const pool = database.pool();
    const transaction = await pool.Transaction.start();
    await transaction.query('INSERT INTO missing VALUES (1)').catch(() => {});
    const results = await new Promise((resolve) => {
      transaction.wrapCallback((...given: unknown[]) => resolve(given))(null, 'never seen');
    });
    expect(results).toEqual([expect.objectContaining({ code: 'TRANSACTION_ROLLED_BACK' })]);
  });

  it('makes what its callback throws an uncaught exception, with the client already back', async () => {
    const program = `
      import { createPool } from '@silly-face/pg-pool-transactions';
      const pool = createPool({ connectionString: process.env.DATABASE_URL });
      process.on('uncaughtException', (error) => {
        console.log(error.message, pool.stats().borrowed);
        void pool.drain();
      });
      const transaction = await pool.Transaction.start();
      transaction.wrapCallback(() => {
        throw new Error('thrown');
      })(null);`;
    const env = { DATABASE_URL: database.server.connectionString };
    const result = await runProgram(new URL('../', import.meta.url), program, { env });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'thrown 0\n', stderr: '' });
  });

  it('calls back once, however often it is called', async () => {
    const pool = database.pool();
    const transaction = await pool.Transaction.start();
    const calls: unknown[] = [];
    await new Promise<void>((resolve) => {
      const done = transaction.wrapCallback((error: unknown) => {
        calls.push(error);
        resolve();
      });
      done(null);
      done(new Error('second'));
    });
    await pool.query('SELECT 1');
    expect(calls).toEqual([null]);
  });
});
