import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import type { Notification, PoolError } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { startProxy } from './support/proxy.ts';

const database = useDatabase();

/** The backends that listen for the pool of that name, by the statement they have run last. */
async function listeners(applicationName: string): Promise<number[]> {
  const rows = await database.sql<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND query ~ '^(UN)?LISTEN'",
    [applicationName],
  );
  return rows.map(({ pid }) => pid);
}

interface Collector {
  readonly heard: string[];
  /** A handler that keeps what it gets. */
  readonly hear: (payload: string) => void;
  /** Waits until as much is heard, and expects it to be this. */
  readonly until: (...payloads: string[]) => Promise<void>;
}

function collector(): Collector {
  const heard: string[] = [];
  return {
    heard,
    hear: (payload) => void heard.push(payload),
    async until(...payloads) {
      await waitUntil(() => heard.length >= payloads.length, { what: `${payloads.join()}: ${heard.join()}` });
      expect(heard).toEqual(payloads);
    },
  };
}

describe('listen', () => {
  it('calls the handler with the payload, for every notification in its order', async () => {
    const pool = database.pool({ max: 1 });
    const notifications: Notification[] = [];
    const { hear, until } = collector();
    await pool.listen('news', (payload, notification) => {
      notifications.push(notification);
      hear(payload);
    });
    expect(pool.stats()).toMatchObject({ open: 0, borrowed: 0 });
    await pool.notify('news', 'first');
    await pool.notify('other', 'unheard');
    await database.sql("NOTIFY news, 'second'");
    await pool.notify('news');
    await until('first', 'second', '');
    expect(notifications[0]).toEqual({ channel: 'news', payload: 'first', processId: expect.any(Number) });
  });

  it('takes any name as it is', async () => {
    const pool = database.pool();
    for (const name of ['Mixed Case', '"; DROP TABLE items; --', 'ünïcödé', 'x'.repeat(63)]) {
      const { hear, until } = collector();
      await using subscription = await pool.listen(name, hear);
      await pool.notify(name, subscription.channel);
      await until(name);
    }
    expect(await ids(database)).toEqual([]);
  });

  it('has one connection for all channels and handlers, as long as anybody listens', async () => {
    const pool = database.pool({ application_name: 'shared' });
    const [a, alsoA, b] = [collector(), collector(), collector()];
    const subscriptions = await Promise.all([
      pool.listen('a', a.hear),
      pool.listen('a', alsoA.hear),
      pool.listen('b', b.hear),
    ]);
    expect(await listeners('shared')).toHaveLength(1);
    await subscriptions[0].unlisten();
    await pool.notify('a', '1');
    await pool.notify('b', '2');
    await Promise.all([alsoA.until('1'), b.until('2')]);
    await subscriptions[2].unlisten();
    await pool.notify('b', '3');
    await pool.notify('a', '4');
    await alsoA.until('1', '4');
    expect([a.heard, b.heard]).toEqual([[], ['2']]);
    await subscriptions[1].unlisten();
    await subscriptions[1].unlisten();
    await waitUntil(async () => (await listeners('shared')).length === 0, {
      what: 'the connection to be closed',
    });
    await using _again = await pool.listen('a', a.hear);
    await pool.notify('a', '5');
    await a.until('5');
  });

  it('listens again after its connection is lost, and tells those who may have missed something', async () => {
    const pool = database.pool({ application_name: 'killed' });
    const { hear, until } = collector();
    const reconnected: string[] = [];
    const listen = (channel: string): Promise<unknown> =>
      pool.listen(channel, hear, { onReconnect: () => reconnected.push(channel) });
    await Promise.all([listen('a'), listen('b')]);
    for (let times = 1; times <= 3; times++) {
      const [processId = null] = await listeners('killed');
      await database.kill(processId);
      await waitUntil(() => reconnected.length === 2 * times, { what: `reconnection ${times}` });
    }
    expect(reconnected.toSorted()).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
    await pool.notify('a', '1');
    await pool.notify('b', '2');
    await until('1', '2');
  });

  it('goes on trying while the server refuses, and may be drained meanwhile', async () => {
    await database.sql('CREATE DATABASE closing');
    const connectionString = new URL('/closing', database.server.connectionString).href;
    const pool = database.pool({ connectionString, application_name: 'refused' });
    const { hear, until } = collector();
    const close = async (): Promise<void> => {
      await database.sql('ALTER DATABASE closing ALLOW_CONNECTIONS false');
      const refused = once(pool, 'connectError');
      for (const processId of await listeners('refused')) await database.kill(processId);
      await refused;
    };
    let reconnected = 0;
    await pool.listen('a', hear, { onReconnect: () => reconnected++ });
    await close();
    await expect(pool.listen('b', hear)).rejects.toMatchObject({ code: 'POOL_CONNECT_FAILED' });
    await database.sql('ALTER DATABASE closing ALLOW_CONNECTIONS true');
    await waitUntil(() => reconnected === 1, { what: 'the reconnection' });
    await pool.notify('b', 'unheard');
    await pool.notify('a', '1');
    await until('1');

    await close();
    await pool.drain();
    await expect(pool.listen('c', hear)).rejects.toMatchObject({ code: 'POOL_DRAINING' });
    expect(reconnected).toBe(1);
    await database.sql('DROP DATABASE closing WITH (FORCE)');
  });

  it('does not hold up the drain when its connection is half open', async () => {
    await using proxy = await startProxy(database.server.connectionString);
    const pool = database.pool({ connectionString: proxy.connectionString });
    await pool.listen('first', () => {});
    proxy.freeze();
    const second = pool.listen('second', () => {}).catch((error: unknown) => error);
    await sleep(1);
    await pool.drain();
    expect(await second).toMatchObject({ code: 'POOL_DRAINING' });
  });

  it('survives handlers that fail, and reports them', async () => {
    const pool = database.pool();
    const { hear, until } = collector();
    const reported: PoolError[] = [];
    pool.on('handlerError', (error) => reported.push(error));
    await pool.listen('a', () => {
      throw new Error('thrown');
    });
    await pool.listen('a', () => Promise.reject(new Error('rejected')));
    await pool.listen('a', hear);
    await pool.notify('a', '1');
    await until('1');
    await waitUntil(() => reported.length === 2, { what: 'the reports' });
    expect(reported).toMatchObject([
      { code: 'HANDLER_FAILED', cause: { message: 'thrown' } },
      { code: 'HANDLER_FAILED', cause: { message: 'rejected' } },
    ]);
  });

  it('begins at once inside a transaction, and its handler belongs to none', async () => {
    const pool = database.pool();
    const around: unknown[] = [];
    await pool.transaction(async () => {
      await pool.listen('a', async () => {
        around.push(pool.currentTransaction);
        around.push((await pool.query('SELECT 1')).rowCount);
      });
      await database.sql('NOTIFY a');
      await waitUntil(() => around.length === 2, { what: 'the notification' });
    });
    expect(around).toEqual([undefined, 1]);
  });

  it.each([
    ['', '`channel`'],
    ['x'.repeat(64), '`channel`'],
    ['nul\0', '`channel`'],
    [7, '`channel`'],
  ])('refuses %j as a channel', async (channel, message) => {
    const pool = database.pool();
    const expected = { code: 'INVALID_OPTIONS', message: expect.stringContaining(message) as string };
    await expect(pool.listen(channel as string, () => {})).rejects.toMatchObject(expected);
    await expect(pool.notify(channel as string)).rejects.toMatchObject(expected);
  });
});

describe('notify', () => {
  it('in a transaction is sent when that is committed', async () => {
    const pool = database.pool();
    const { hear, until } = collector();
    await pool.listen('a', hear);
    const failing = pool.transaction(async () => {
      await pool.notify('a', 'rolled back');
      throw new Error('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    await pool.transaction(async () => {
      await pool.notify('a', 'in a transaction');
      await database.sql("NOTIFY a, 'meanwhile'");
    });
    await until('meanwhile', 'in a transaction');
  });

  it('carries up to 7999 bytes, and refuses more without harm to the transaction', async () => {
    const pool = database.pool();
    const { heard, hear } = collector();
    await pool.listen('a', hear);
    const longest = `${'é'.repeat(3_999)}x`;
    await pool.transaction(async () => {
      await expect(pool.notify('a', `${longest}x`)).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LONG',
        message: expect.stringContaining('8000 bytes') as string,
      });
      await pool.notify('a', longest);
    });
    await waitUntil(() => heard.length === 1, { what: 'the notification' });
    expect(heard).toEqual([longest]);
  });
});
