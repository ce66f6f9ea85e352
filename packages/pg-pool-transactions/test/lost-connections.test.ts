import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { startPostgres, waitUntil } from '@silly-face/testing';
import type { TestPostgres } from '@silly-face/testing';
import { createPool, isUnavailable } from '@silly-face/pg-pool-transactions';
import type { PoolError } from '@silly-face/pg-pool-transactions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockedStatement, ids, useDatabase } from './support/database.ts';
import { garble, startProxy } from './support/proxy.ts';

const database = useDatabase();

describe('a killed backend', () => {
  it('takes an idle connection out at once', async () => {
    const pool = database.pool();
    const processId = await pool.transaction(({ pgClient }) => pgClient.processId);
    const lost: PoolError[] = [];
    const around: unknown[] = [];
    pool.on('clientLost', (error) => {
      lost.push(error);
      // The connection was made for a transaction; what happens to it later is no part of that.
      around.push(pool.currentTransaction);
    });
    await database.kill(processId);
    await waitUntil(() => pool.stats().open === 0, { what: 'the dead connection to be removed' });
    expect(lost).toMatchObject([{ code: 'CLIENT_LOST', cause: { code: '57P01' } }]);
    expect(around).toEqual([undefined]);
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('between two statements is an error of the next one, and no crash', async () => {
    const pool = database.pool();
    const client = await pool.acquire();
    await client.query('SELECT 1');
    await database.kill(client.processId);
    const error = await client.query('SELECT 1').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CLIENT_LOST', cause: { code: '57P01' } });
    expect(isUnavailable(error)).toBe(true);
    client.release();
    expect(pool.stats()).toMatchObject({ open: 0, borrowed: 0 });
  });

  it('during a statement fails that statement and those behind it', async () => {
    const pool = database.pool();
    const blocked = await blockedStatement(database);
    const client = await pool.acquire();
    const statements = Promise.allSettled([
      client.query(blocked.text),
      client.query('SELECT 1'),
      client.query('SELECT 2'),
    ]);
    await blocked.arrived();
    await database.kill(client.processId);
    for (const statement of await statements)
      expect(statement).toMatchObject({ reason: { code: 'CLIENT_LOST' } });
    client.release();
    await blocked.release();
  });

  it('at the moment at which it is ready is replaced', async () => {
    await using proxy = await startProxy(database.server.connectionString);
    const ready = Buffer.from('Z\0\0\0\x05I');
    const body = 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';
    const goodBye = Buffer.from(`E\0\0\0${String.fromCharCode(4 + body.length)}${body}`);
    let times = 0;
    proxy.rewriteAnswer = (bytes) => {
      const isFirst = bytes.subarray(-ready.length).equals(ready) && ++times === 1;
      return isFirst ? Buffer.concat([bytes, goodBye]) : bytes;
    };
    const pool = database.pool({ connectionString: proxy.connectionString, min: 1 });
    await waitUntil(() => times === 2, { what: 'the second connection' });
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await pool.drain();
  });

  it('in a transaction rolls it back, and tells the block with its own error', async () => {
    const pool = database.pool();
    const ended: string[] = [];
    await expect(
      pool.transaction(async (transaction) => {
        transaction.afterCommit(() => ended.push('committed'));
        transaction.afterRollback(() => ended.push('rolled back'));
        await pool.query('INSERT INTO items VALUES (1)');
        await database.kill(transaction.pgClient.processId);
        await pool.query('INSERT INTO items VALUES (2)');
      }),
    ).rejects.toMatchObject({ code: 'CLIENT_LOST' });
    await expect(
      pool.transaction(async (transaction) => {
        await pool.query('INSERT INTO items VALUES (3)');
        const noticed = once(pool, 'clientLost');
        await database.kill(transaction.pgClient.processId);
        await noticed;
      }),
    ).rejects.toMatchObject({ code: 'CLIENT_LOST' });
    expect([await ids(database), ended]).toEqual([[], ['rolled back']]);
  });

  it('during COMMIT leaves the outcome open, and says so', async () => {
    await database.sql(`
      CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON items DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_for_lock()`);
    const pool = database.pool();
    const blocked = await blockedStatement(database);
    const hooks: string[] = [];
    let processId: number | null = null;
    const whatever = { retries: 3, isRetryable: () => true };
    const committed = pool.transaction(whatever, async (transaction) => {
      ({ processId } = transaction.pgClient);
      transaction.afterCommit(() => hooks.push('committed'));
      transaction.afterRollback(() => hooks.push('rolled back'));
      await pool.query('INSERT INTO items VALUES (1)');
    });
    const outcome = committed.catch((error: unknown) => error);
    await blocked.arrived();
    await database.kill(processId);
    const error = await outcome;
    expect(error).toMatchObject({
      name: 'TransactionError',
      code: 'COMMIT_OUTCOME_UNKNOWN',
      cause: { code: 'CLIENT_LOST' },
    });
    expect(isUnavailable(error)).toBe(false);
    expect(hooks).toEqual([]);
    await blocked.release();
    await database.sql('DROP TRIGGER slow_commit ON items; DROP FUNCTION wait_for_lock()');
  });
});

it('a transaction that idles for longer than the server bears is rolled back, and told so at its next statement', async () => {
  const pool = database.pool({ max: 1, idle_in_transaction_session_timeout: 50 });
  const noticed = once(pool, 'clientLost');
  await expect(
    pool.transaction(async () => {
      await pool.query('INSERT INTO items VALUES (1)');
      await noticed;
      await pool.query('INSERT INTO items VALUES (2)');
    }),
  ).rejects.toMatchObject({ code: 'CLIENT_LOST', cause: { code: '25P03' } });
  expect([await ids(database), pool.stats()]).toMatchObject([[], { open: 0, borrowed: 0 }]);
});

it('a transaction whose ROLLBACK fails is ended with its connection', async () => {
  await using proxy = await startProxy(database.server.connectionString);
  const pool = database.pool({ connectionString: proxy.connectionString, max: 1 });
  const removed = once(pool, 'remove');
  proxy.rewrite = garble('ROLLBACK');
  await expect(
    pool.transaction(async () => {
      await pool.query('INSERT INTO items VALUES (1)');
      throw new Error('mine');
    }),
  ).rejects.toThrow('mine');
  expect(await removed).toMatchObject([{ reason: 'rollback failed' }]);
  proxy.rewrite = undefined;
  expect((await pool.query('SELECT FROM items')).rowCount).toBe(0);
  await pool.drain();
});

describe('a server that is down', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('costs one attempt and then backoff, and every caller gets the error', async () => {
    await server.stop();
    const pool = createPool({ connectionString: server.connectionString, max: 4 });
    let attempts = 0;
    pool.on('connectError', () => attempts++);
    pool.on('clientLost', () => expect.unreachable('no client was there to be lost'));
    const failures = await Promise.allSettled(Array.from({ length: 50 }, () => pool.query('SELECT 1')));
    for (const failure of failures) {
      expect(failure).toMatchObject({
        reason: { code: 'POOL_CONNECT_FAILED', cause: { code: 'ECONNREFUSED' } },
      });
      expect(isUnavailable((failure as PromiseRejectedResult).reason)).toBe(true);
    }
    await waitUntil(() => attempts === 1, { what: 'the event' });

    // From now on one attempt answers everybody who waits for it.
    const begun = performance.now();
    for (let round = 0; round < 3; round++) {
      await Promise.allSettled(Array.from({ length: 50 }, () => pool.query('SELECT 1')));
    }
    await waitUntil(() => attempts >= 1 + 3, { what: 'the last event' });
    expect(attempts).toBe(1 + 3);
    expect(performance.now() - begun).toBeGreaterThan(25 + 50 + 100 - 3);

    await server.start();
    await waitUntil(
      () =>
        pool.query('SELECT 1').then(
          () => true,
          () => false,
        ),
      { what: 'the pool to recover' },
    );
    await pool.drain();
  });

  it('is used again as soon as it is up, without anybody asking, when `min` wants connections', async () => {
    const pool = createPool({ connectionString: server.connectionString, min: 2 });
    await waitUntil(() => pool.stats().idle === 2, { what: 'two connections' });
    await server.kill();
    await waitUntil(() => pool.stats().open === 0, { what: 'both connections to be lost' });
    await server.start();
    await waitUntil(() => pool.stats().idle === 2, { what: 'two new connections' });
    expect(pool.stats()).toMatchObject({ open: 2, borrowed: 0 });
    await pool.drain();
  });

  it('is forgotten after a restart: twelve transactions succeed', async () => {
    const pool = createPool({ connectionString: server.connectionString, max: 6 });
    await pool.query('CREATE TABLE items (id int)');
    await Promise.all(Array.from({ length: 6 }, () => pool.query('SELECT pg_sleep(0.01)')));
    await server.stop();
    await server.start();
    await waitUntil(() => pool.stats().open === 0, { what: 'the old connections to be gone' });
    await Promise.all(
      Array.from({ length: 12 }, (_, id) =>
        pool.transaction(() => pool.query('INSERT INTO items VALUES ($1)', [id])),
      ),
    );
    expect((await pool.query('SELECT count(*)::int AS n FROM items')).rows).toEqual([{ n: 12 }]);
    await pool.drain();
  });

  it('that is full lets callers wait for a client that comes back', async () => {
    await database.sql("CREATE ROLE limited LOGIN PASSWORD 'limited' CONNECTION LIMIT 3");
    const url = new URL(database.server.connectionString);
    url.username = 'limited';
    url.password = 'limited';
    const pool = database.pool({ connectionString: url.href, max: 20 });
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => pool.query('SELECT $1::int AS n', [n])),
    );
    expect(results.map(({ rows }) => rows[0]?.['n'])).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it('and accepts connections without ever answering is given up after `connectTimeoutMs`', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.resume()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const pool = createPool({ host: '127.0.0.1', port, connectTimeoutMs: 40 });
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'POOL_CONNECT_FAILED' });
    await pool.drain();
    await waitUntil(() => sockets.every(({ closed }) => closed), { what: 'the attempt to be closed' });
    await new Promise((resolve) => silent.close(resolve));
  });

  it('whose connections stop to answer the good-bye does not hold up the drain for ever', async () => {
    const upstreams: Socket[] = [];
    // Lets bytes through until it is frozen, and never closes a connection then.
    const proxy = createServer({ allowHalfOpen: true }, (socket) => {
      const upstream = connect({ port: database.server.port, host: '127.0.0.1' });
      upstreams.push(upstream);
      socket.pipe(upstream, { end: false }).pipe(socket);
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const url = new URL(database.server.connectionString);
    url.port = String(port);
    const pool = createPool({ connectionString: url.href });
    await pool.query('SELECT 1');
    for (const upstream of upstreams) upstream.unpipe();
    await pool.drain();
    expect(pool.stats().open).toBe(0);
    for (const upstream of upstreams) upstream.destroy();
    proxy.close();
  });
});
