import type { PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { garble, startProxy } from './support/proxy.ts';

const database = useDatabase();
const insert = (id: number): { text: string; values: number[] } => ({
  text: 'INSERT INTO items VALUES ($1)',
  values: [id],
});

describe.each([[{}], [{ pipeline: false }]])('a batch on a pool with %o', (options: PoolOptions) => {
  it('answers each statement with its result', async () => {
    const pool = database.pool(options);
    const results = await pool.batch([
      { text: 'SELECT $1::int AS a', values: [1] },
      '',
      insert(1),
      { text: 'SELECT generate_series(1, 3) AS n, 2 AS b', rowMode: 'array' },
      'SELECT FROM items',
    ]);
    expect(results).toMatchObject([
      { command: 'SELECT', rowCount: 1, rows: [{ a: 1 }], fields: [{ name: 'a' }] },
      { command: null, rowCount: null, rows: [] },
      { command: 'INSERT', rowCount: 1, rows: [] },
      {
        command: 'SELECT',
        rowCount: 3,
        rows: [
          [1, 2],
          [2, 2],
          [3, 2],
        ],
      },
      { command: 'SELECT', rowCount: 1, rows: [{}] },
    ]);
    expect([await pool.batch([]), await ids(database)]).toEqual([[], [1]]);
  });

  it('outside a transaction is permanent as a whole or not at all', async () => {
    const pool = database.pool({ ...options, max: 1 });
    await expect(pool.batch([insert(1), insert(2), insert(1), insert(3)])).rejects.toMatchObject({
      code: '23505',
      batchIndex: 2,
    });
    expect([await ids(database), pool.stats()]).toMatchObject([[], { open: 1, idle: 1 }]);
    await pool.batch([insert(1), insert(2)]);
    expect(await ids(database)).toEqual([1, 2]);
  });

  it('with a value that cannot be expressed does not begin, and the rest goes on', async () => {
    const pool = database.pool({ ...options, max: 1 });
    const inexpressible = {
      toPostgres(): never {
        throw new Error('inexpressible');
      },
    };
    const broken = [insert(1), { text: 'SELECT $1', name: 'broken', values: [inexpressible] }, insert(2)];
    await expect(pool.batch(broken)).rejects.toMatchObject({ message: 'inexpressible', batchIndex: 1 });
    await pool.transaction(async (transaction) => {
      await expect(transaction.batch(broken)).rejects.toThrow('inexpressible');
      await transaction.batch([insert(3), { text: 'SELECT $1::int', name: 'broken', values: [1] }]);
    });
    expect([await ids(database), pool.stats().open]).toEqual([[3], 1]);
  });

  it('in a transaction belongs to it', async () => {
    const pool = database.pool({ ...options, max: 1 });
    await expect(
      pool.transaction(async (transaction) => {
        await pool.batch([insert(1), insert(2)]);
        await transaction.batch([insert(3), insert(4)]);
        expect((await pool.query('SELECT FROM items')).rowCount).toBe(4);
        throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
    await expect(
      pool.transaction(async (transaction) => {
        await transaction.batch([insert(1), insert(1)]).catch(() => {});
      }),
    ).rejects.toMatchObject({ code: 'TRANSACTION_ROLLED_BACK', cause: { code: '23505', batchIndex: 1 } });
    expect([await ids(database), pool.stats().open]).toEqual([[], 1]);
  });

  it('prepares what has a name once, also when it was skipped the first time', async () => {
    const pool = database.pool({ ...options, max: 1 });
    const named = { name: 'double', text: 'SELECT 2 * $1::int AS n', values: [1] };
    await expect(pool.batch(['SELECT 1 / 0', named])).rejects.toMatchObject({ code: '22012', batchIndex: 0 });
    const [first, again] = await pool.batch<{ n: number }>([named, { ...named, values: [4] }]);
    expect([first?.rows, again?.rows]).toEqual([[{ n: 2 }], [{ n: 8 }]]);
    expect((await pool.query<{ n: number }>({ ...named, values: [5] })).rows).toEqual([{ n: 10 }]);
    const prepared = await pool.query('SELECT name FROM pg_prepared_statements');
    expect(prepared.rows).toEqual([{ name: 'double' }]);
  });

  it('prepares again what it has deallocated', async () => {
    const pool = database.pool({ ...options, max: 1 });
    const named = { name: 'one', text: 'SELECT 1 AS n' };
    await pool.query(named);
    await pool.batch(['DEALLOCATE ALL']);
    expect((await pool.query(named)).rows).toEqual([{ n: 1 }]);
    const [before, , after] = await pool.batch([named, 'DEALLOCATE ALL', 'SELECT 2 AS n']);
    expect([before?.rows, after?.rows]).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    expect((await pool.batch([named]))[0]?.rows).toEqual([{ n: 1 }]);
  });

  it('that copies from nowhere is answered, as a named statement is', async () => {
    const pool = database.pool({ ...options, max: 1 });
    const copy = 'COPY items FROM STDIN';
    await expect(pool.batch(['SELECT 1', copy])).rejects.toMatchObject({ code: '57014', batchIndex: 1 });
    await expect(pool.query({ name: 'copy', text: copy })).rejects.toMatchObject({ code: '57014' });
    await expect(pool.query(copy)).rejects.toMatchObject({ code: '57014' });
    expect([(await pool.query('SELECT 1 AS n')).rows, pool.stats().open]).toEqual([[{ n: 1 }], 1]);
  });

  it('with a row that cannot be parsed fails as pg fails a query', async () => {
    const types = {
      getTypeParser: () => () => {
        throw new Error('unreadable');
      },
    };
    const pool = database.pool({ ...options, max: 1 });
    await expect(pool.batch(['SELECT 1', { text: 'SELECT 2', types }])).rejects.toMatchObject({
      message: 'unreadable',
      batchIndex: 1,
    });
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });
});

it('a batch is one round trip, BEGIN included', async () => {
  await using proxy = await startProxy(database.server.connectionString);
  const pool = database.pool({ connectionString: proxy.connectionString, max: 1 });
  await pool.query('SELECT 1');
  proxy.roundTrips = 0;
  await pool.transaction((transaction) => transaction.batch([insert(1), insert(2), insert(3)]));
  expect(proxy.roundTrips).toBe(2);
  await pool.batch([insert(4), insert(5)]);
  expect([proxy.roundTrips, await ids(database)]).toEqual([3, [1, 2, 3, 4, 5]]);

  proxy.rewrite = garble('BEGIN');
  await expect(
    pool.transaction((transaction) => transaction.batch([insert(6), { ...insert(7), name: 'insert' }])),
  ).rejects.toMatchObject({ code: '42601' });
  // A text alone is sent in another way where it is no batch.
  await expect(
    pool.transaction((transaction) => transaction.batch(['SELECT 1', 'SELECT 2'])),
  ).rejects.toMatchObject({ code: '42601' });
  proxy.rewrite = undefined;
  const numbers = await Promise.all([1, 2, 3].map((n) => pool.query(`SELECT ${n} AS n`)));
  expect(numbers.map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  await pool.batch([{ ...insert(8), name: 'insert' }]);
  expect(await ids(database)).toEqual([1, 2, 3, 4, 5, 8]);
  await pool.drain();
});

it('a batch that is no array is refused', async () => {
  const pool = database.pool();
  await expect(pool.batch('SELECT 1' as unknown as string[])).rejects.toThrow('an array of queries');
  await expect(pool.batch([undefined as unknown as string])).rejects.toThrow('text or a query config');
});
