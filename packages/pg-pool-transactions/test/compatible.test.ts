// What is written for the pool of pg itself.
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { Kysely, PostgresDialect } from 'kysely';
import Cursor from 'pg-cursor';
import type { Pool as PgPool } from 'pg';
import type { Pool, PoolClient } from '@silly-face/pg-pool-transactions';
import { waitUntil } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { blockedStatement, ids, useDatabase } from './support/database.ts';

const database = useDatabase();

/** All of them are back, and of use. */
async function expectSound(pool: Pool): Promise<void> {
  await waitUntil(() => pool.stats().borrowed === 0, { what: 'every client to be back' });
  expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
}

describe('connect and end', () => {
  it('lend a client and end the pool, with promises', async () => {
    const pool = database.pool({ max: 1 });
    const client = await pool.connect();
    expect((await client.query('SELECT $1::int AS n', [1])).rows).toEqual([{ n: 1 }]);
    client.release();
    await pool.end();
    await expect(pool.connect()).rejects.toMatchObject({ code: 'POOL_DRAINING' });
  });

  it('lend a client and end the pool, with callbacks', async () => {
    const pool = database.pool({ max: 1 });
    const results = await new Promise((resolve) => {
      pool.connect((error, client, release) => {
        client?.query('SELECT 1 AS n', (failure, result) => {
          release();
          pool.end(() => resolve([error, failure, result?.rows]));
        });
      });
    });
    expect(results).toEqual([undefined, null, [{ n: 1 }]]);
    const refused = await new Promise((resolve) => {
      pool.connect((error, client) => resolve([error, client]));
    });
    expect(refused).toMatchObject([{ code: 'POOL_DRAINING' }, undefined]);
  });

  it.each([new Error('mine'), true])('close a client that is released with %s', async (reason) => {
    const pool = database.pool({ max: 1 });
    const reasons: string[] = [];
    pool.on('remove', (removed) => reasons.push(removed.reason));
    const client = await pool.connect();
    client.release(reason);
    await waitUntil(() => reasons.length === 1, { what: 'the client to be closed' });
    expect([reasons, pool.stats().open]).toEqual([['released with an error'], 0]);
    await expectSound(pool);
  });
});

describe.each([true, false])('with `pipeline: %s`', (pipeline) => {
  it('kysely runs on it: queries, transactions, savepoints, failures and its end', async () => {
    const pool = database.pool({ max: 3, pipeline });
    const db = new Kysely<{ items: { id: number } }>({ dialect: new PostgresDialect({ pool }) });
    const add = (id: number, on: Pick<typeof db, 'insertInto'> = db): Promise<unknown> =>
      on.insertInto('items').values({ id }).execute();
    await add(1);
    await db.transaction().execute(async (transaction) => {
      await add(2, transaction);
      await add(3, transaction);
    });
    await expect(
      db.transaction().execute(async (transaction) => {
        await add(4, transaction);
        await add(1, transaction);
      }),
    ).rejects.toMatchObject({ code: '23505' });
    const controlled = await db.startTransaction().execute();
    const savepoint = await controlled.savepoint('here').execute();
    await add(5, savepoint);
    await savepoint.rollbackToSavepoint('here').execute();
    await add(6, controlled);
    await controlled.commit().execute();
    await Promise.all(Array.from({ length: 20 }, (_, n) => db.transaction().execute((t) => add(10 + n, t))));
    const rows = await db.selectFrom('items').select('id').where('id', '<', 10).orderBy('id').execute();
    expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 6 }]);
    await expectSound(pool);
    await db.destroy();
    expect(pool.stats().open).toBe(0);
  });

  it('drizzle runs on it: queries, transactions, nested ones and failures', async () => {
    const pool = database.pool({ max: 3, pipeline });
    const items = pgTable('items', { id: integer().primaryKey() });
    const db = drizzle(pool as unknown as PgPool);
    await db.insert(items).values({ id: 1 });
    await db.transaction(async (transaction) => {
      await transaction.insert(items).values({ id: 2 });
      await transaction
        .transaction(async (inner) => {
          await inner.insert(items).values({ id: 3 });
          inner.rollback();
        })
        .catch(() => {});
    });
    await expect(
      db.transaction(async (transaction) => {
        await transaction.insert(items).values({ id: 4 });
        await transaction.insert(items).values({ id: 1 });
      }),
    ).rejects.toMatchObject({ cause: { code: '23505' } });
    // What goes through the pool itself belongs to the transaction around it.
    await pool
      .transaction(async () => {
        await db.insert(items).values({ id: 5 });
        throw new Error('mine');
      })
      .catch(() => {});
    expect(await db.select().from(items).orderBy(items.id)).toEqual([{ id: 1 }, { id: 2 }]);
    await expectSound(pool);
  });
});

describe('cursors', () => {
  const numbers = 'SELECT n FROM generate_series(1, 5) AS n';

  it('run on a client that is not pipelined, in turn with other statements', async () => {
    const pool = database.pool({ max: 1, pipeline: false });
    const read = async (client: Pick<PoolClient, 'query'>): Promise<void> => {
      const before = client.query('SELECT 0 AS n');
      const cursor = client.query(new Cursor<{ n: number }>(numbers));
      const after = client.query('SELECT 6 AS n');
      expect((await before).rows).toEqual([{ n: 0 }]);
      expect(await cursor.read(2)).toEqual([{ n: 1 }, { n: 2 }]);
      expect(await cursor.read(2)).toEqual([{ n: 3 }, { n: 4 }]);
      await cursor.close();
      expect((await after).rows).toEqual([{ n: 6 }]);
    };
    await pool.use(read);
    await pool.transaction(({ pgClient }) => read(pgClient));
    await pool.transaction(read);
    await expectSound(pool);
  });

  it('stream the rows of kysely', async () => {
    const pool = database.pool({ max: 1, pipeline: false });
    await database.sql('INSERT INTO items SELECT generate_series(1, 10)');
    const db = new Kysely<{ items: { id: number } }>({
      dialect: new PostgresDialect({ pool, cursor: Cursor }),
    });
    const seen: number[] = [];
    for await (const { id } of db.selectFrom('items').select('id').orderBy('id').stream(3)) {
      seen.push(id);
      if (id === 7) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await expectSound(pool);
  });

  it('are refused on a pipelined client with an error that names the option', async () => {
    const pool = database.pool({ max: 1 });
    const refused = expect.objectContaining({
      code: 'CLIENT_PIPELINED',
      message: expect.stringMatching(/Cannot run a Cursor: .*`pipeline: false`/) as string,
    });
    await pool.use((client) => expect(() => client.query(new Cursor(numbers))).toThrow(refused));
    await pool.transaction((transaction) =>
      expect(() => transaction.query(new Cursor(numbers))).toThrow(refused),
    );
    expect(() => pool.query(new Cursor(numbers) as unknown as string)).toThrow('needs a client');
    await expectSound(pool);
  });

  it('that fail tell their reader, and leave a sound client', async () => {
    const pool = database.pool({ max: 1, pipeline: false });
    await pool.use(async (client) => {
      await expect(client.query(new Cursor('SELECT 1 / 0')).read(1)).rejects.toMatchObject({ code: '22012' });
    });
    await expectSound(pool);
    expect(pool.stats().open).toBe(1);
  });

  it('that are left open cost the client, and nobody waits for it for ever', async () => {
    const pool = database.pool({ max: 1, pipeline: false });
    const reasons: string[] = [];
    pool.on('remove', ({ reason }) => reasons.push(reason));
    await pool.use((client) => client.query(new Cursor(numbers)).read(1));
    await expectSound(pool);
    expect(reasons).toEqual(['cursor left open']);
  });

  it('that wait for their turn on a connection that dies are told', async () => {
    const pool = database.pool({ max: 1, pipeline: false });
    const blocked = await blockedStatement(database);
    await pool.use(async (client) => {
      const statement = client.query(blocked.text).catch((error: unknown) => error);
      await blocked.arrived();
      const rows = client
        .query(new Cursor(numbers))
        .read(1)
        .catch((error: unknown) => error);
      await database.kill(client.processId);
      expect(await statement).toMatchObject({ code: 'CLIENT_LOST' });
      expect(await rows).toBeInstanceOf(Error);
    });
    await blocked.release();
    await expectSound(pool);
    expect(await ids(database)).toEqual([]);
  });
});
