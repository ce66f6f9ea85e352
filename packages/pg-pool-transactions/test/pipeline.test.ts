import type { Pool, PoolOptions } from '@silly-face/pg-pool-transactions';
import { beforeEach, describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { garble, startProxy } from './support/proxy.ts';
import type { Proxy } from './support/proxy.ts';

const database = useDatabase();
let proxy: Proxy;
beforeEach(async () => {
  proxy = await startProxy(database.server.connectionString);
  return () => proxy[Symbol.asyncDispose]();
});

/** A pool through the proxy, with its one connection open. */
async function poolThroughProxy(options?: PoolOptions): Promise<Pool> {
  const pool = database.pool({ connectionString: proxy.connectionString, max: 1, ...options });
  await pool.query('SELECT 1');
  proxy.roundTrips = 0;
  return pool;
}

const insert = 'INSERT INTO items VALUES ($1)';

describe('the round trips', () => {
  it('of a transaction are one less than its statements with BEGIN and COMMIT', async () => {
    const pool = await poolThroughProxy();
    await pool.transaction(async () => {
      await pool.query(insert, [1]);
      await pool.query(insert, [2]);
    });
    expect([proxy.roundTrips, await ids(database)]).toEqual([3, [1, 2]]);
  });

  it('are one a statement without `pipeline`', async () => {
    const pool = await poolThroughProxy({ pipeline: false });
    await pool.transaction(async () => {
      await pool.query(insert, [1]);
      await pool.query(insert, [2]);
    });
    expect([proxy.roundTrips, await ids(database)]).toEqual([4, [1, 2]]);
  });

  it('of a transaction that asks nothing are none, whichever way it ends', async () => {
    const pool = await poolThroughProxy();
    expect(await pool.transaction(() => 'nothing')).toBe('nothing');
    const transaction = await pool.Transaction.start();
    await transaction.rollback();
    expect([proxy.roundTrips, transaction.state]).toEqual([0, 'rolled back']);
    await pool.query(insert, [1]);
    expect(await ids(database)).toEqual([1]);
  });

  it('are one for all parallel statements, except for a first one that brings BEGIN along', async () => {
    const pool = await poolThroughProxy();
    const asked = [1, 2, 3, 4, 5];
    await pool.transaction(async () => {
      await Promise.all(asked.map((id) => pool.query(insert, [id])));
    });
    expect([proxy.roundTrips, await ids(database)]).toEqual([3, asked]);
  });
});

describe.each([
  ['with parameters', insert, [1]],
  ['without parameters', 'INSERT INTO items VALUES (1)', undefined],
  ['with a name', { name: 'insert', text: insert }, [1]],
] as const)('a first statement %s', (_, statement, values) => {
  const ask = (pool: Pool): Promise<unknown> => pool.query(statement, values?.slice());

  it('runs in the transaction, again and again', async () => {
    const pool = await poolThroughProxy();
    for (let round = 0; round < 3; round++) {
      await expect(
        pool.transaction(async () => {
          expect(await ask(pool)).toMatchObject({ command: 'INSERT', rowCount: 1, rows: [] });
          throw new Error('mine');
        }),
      ).rejects.toThrow('mine');
    }
    await pool.transaction(() => ask(pool));
    expect([await ids(database), pool.stats().open]).toEqual([[1], 1]);
  });

  it('that fails fails the transaction', async () => {
    await database.sql('INSERT INTO items VALUES (1)');
    const pool = await poolThroughProxy();
    const failure = { code: 'TRANSACTION_ROLLED_BACK', cause: { code: '23505' } };
    for (let round = 0; round < 2; round++) {
      await expect(
        pool.transaction(async () => {
          await expect(ask(pool)).rejects.toMatchObject({ code: '23505' });
          await expect(pool.query(insert, [2])).rejects.toMatchObject({ code: '25P02' });
        }),
      ).rejects.toMatchObject(failure);
    }
    expect([await ids(database), pool.stats().open]).toEqual([[1], 1]);
  });

  it('never runs when its BEGIN is refused, and neither does what is asked behind it', async () => {
    const pool = await poolThroughProxy();
    const refused = { code: 'TRANSACTION_ROLLED_BACK', cause: { code: '42601' } };
    proxy.rewrite = garble('BEGIN');
    await expect(
      pool.transaction(async () => {
        const parallel = [ask(pool), pool.query(insert, [2]), pool.query('INSERT INTO items VALUES (3)')];
        const [first, ...others] = await Promise.allSettled(parallel);
        expect(first).toMatchObject({ reason: { code: '42601' } });
        expect(others).toMatchObject([{ reason: refused }, { reason: refused }]);
        await expect(pool.query(insert, [4])).rejects.toMatchObject(refused);
      }),
    ).rejects.toMatchObject(refused);
    await expect(pool.transaction(() => ask(pool))).rejects.toMatchObject({ code: '42601' });
    expect([await ids(database), pool.stats()]).toMatchObject([[], { open: 1, idle: 1 }]);

    proxy.rewrite = undefined;
    await pool.transaction(() => ask(pool));
    expect([await ids(database), pool.stats().open]).toEqual([[1], 1]);
  });

  it('that is lost with its connection has not run', async () => {
    const pool = await poolThroughProxy();
    const transaction = await pool.Transaction.start();
    await database.kill(transaction.pgClient.processId);
    await expect(transaction.query(statement as string, values?.slice())).rejects.toMatchObject({
      code: 'CLIENT_LOST',
    });
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'CLIENT_LOST' });
    expect([await ids(database), pool.stats()]).toMatchObject([[], { open: 0, borrowed: 0 }]);
  });
});

describe('a first statement that cannot be sent', () => {
  const inexpressible = {
    toPostgres(): never {
      throw new Error('inexpressible');
    },
  };
  it.each([
    ['with parameters that are no array', 'SELECT $1', 'text', 'must be an array'],
    ['with a value that cannot be expressed', 'SELECT $1', [inexpressible], 'inexpressible'],
    ['with neither text nor name', {}, undefined, 'must have either text or a name'],
    ['with a name that another one has', { name: 'one', text: 'SELECT 2' }, undefined, 'must be unique'],
  ])('%s is an error, and the transaction goes on', async (_, statement, values, message) => {
    const pool = await poolThroughProxy();
    await pool.query({ name: 'one', text: 'SELECT 1' });
    await pool.transaction(async () => {
      await expect(pool.query(statement as string, values as unknown[])).rejects.toThrow(message);
      await pool.query(insert, [1]);
      expect(await ids(database)).toEqual([]);
    });
    expect([await ids(database), pool.stats().open]).toEqual([[1], 1]);
  });
});

it('a first text of several statements answers with all of their results, and its errors point into it', async () => {
  const pool = await poolThroughProxy();
  await pool.transaction(async () => {
    expect(await pool.query('SELECT 1 AS a; SELECT 2 AS b')).toMatchObject([
      { rows: [{ a: 1 }] },
      { rows: [{ b: 2 }] },
    ]);
  });
  await expect(pool.transaction(() => pool.query('SELECT 1; bogus'))).rejects.toMatchObject({
    code: '42601',
    position: '11',
  });
});

it('a statement whose rows cannot be read fails alone', async () => {
  const types = {
    getTypeParser: () => (): never => {
      throw new Error('unreadable');
    },
  };
  const pool = await poolThroughProxy();
  await pool.transaction(async () => {
    const [broken, fine] = await Promise.allSettled([
      pool.query({ text: 'SELECT $1::text', values: ['a'], types }),
      pool.query('SELECT 1 AS n'),
    ]);
    expect([broken, fine]).toMatchObject([
      { reason: { message: 'unreadable' } },
      { value: { rows: [{ n: 1 }] } },
    ]);
  });
});
