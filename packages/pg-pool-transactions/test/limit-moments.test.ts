import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import type { Pool, PoolOptions } from '@silly-face/pg-pool-transactions';
import { describe, expect, it } from 'vitest';
import { ids, useDatabase } from './support/database.ts';
import { startProxy } from './support/proxy.ts';

const database = useDatabase();
const forever = 'SELECT pg_sleep(600)';
const insert = 'INSERT INTO items VALUES ($1)';

describe.each([[{}], [{ pipeline: false }]])('on a pool with %o, a limit', (options: PoolOptions) => {
  it('that is reached in the tick in which the client comes counts', async () => {
    const pool = database.pool({ max: 1, ...options });
    for (const ask of [
      (signal: AbortSignal) => pool.query({ text: forever, signal }),
      (signal: AbortSignal) => pool.transaction({ signal }, () => pool.query(forever)),
    ]) {
      const client = await pool.acquire();
      const controller = new AbortController();
      const outcome = ask(controller.signal).catch((error: unknown) => error);
      client.release();
      controller.abort();
      expect(await outcome).toMatchObject({ code: 'ABORTED' });
    }
  });

  it('that the block itself reaches before it waits for anything counts', async () => {
    const pool = database.pool({ max: 1, ...options });
    const controller = new AbortController();
    const outcome = pool.transaction({ signal: controller.signal }, async () => {
      controller.abort();
      await pool.query(insert, [1]);
    });
    await expect(outcome).rejects.toMatchObject({ code: 'ABORTED' });
    await waitUntil(() => pool.stats().borrowed === 0, { what: 'the client to be back' });
    expect(await ids(database)).toEqual([]);
  });

  it('counts while the transaction begins on a connection that is half open', async () => {
    await using proxy = await startProxy(database.server.connectionString);
    const pool = database.pool({ connectionString: proxy.connectionString, max: 1, ...options });
    await pool.query('SELECT 1');
    proxy.freeze();
    await expect(pool.transaction({ timeoutMs: 50 }, () => pool.query('SELECT 1'))).rejects.toMatchObject({
      code: 'TRANSACTION_TIMEOUT',
    });
    await pool.drain();
  });

  it('leaves no client behind when the connection is half open between two statements', async () => {
    await using proxy = await startProxy(database.server.connectionString);
    const pool = database.pool({ connectionString: proxy.connectionString, max: 1, ...options });
    const controller = new AbortController();
    const outcome = pool.transaction({ signal: controller.signal }, async () => {
      await pool.query(insert, [1]);
      proxy.freeze();
      controller.abort();
      await sleep(1);
    });
    await expect(outcome).rejects.toMatchObject({ code: 'ABORTED' });
    await pool.drain();
  });

  it('counts while a savepoint waits for the one before', async () => {
    const pool = database.pool({ max: 1, ...options });
    const controller = new AbortController();
    await pool.transaction(async () => {
      let goOn!: () => void;
      const first = pool.transaction({ propagation: 'nested' }, async () => {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      });
      const second = pool.transaction({ propagation: 'nested', signal: controller.signal }, () =>
        pool.query(insert, [1]),
      );
      await sleep(1);
      controller.abort();
      await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
      await waitUntil(() => goOn !== undefined, { what: 'the first savepoint to be there' });
      goOn();
      await first;
    });
    expect(await ids(database)).toEqual([]);
  });
});

describe.each([[{}], [{ pipeline: false }]])('on a pool with %o, an abort', (options: PoolOptions) => {
  /** A pool behind a proxy that aborts as soon as it sees the text on its way to the server. */
  async function abortAt(text: string): Promise<{ pool: Pool; signal: AbortSignal } & AsyncDisposable> {
    const proxy = await startProxy(database.server.connectionString);
    const pool = database.pool({ connectionString: proxy.connectionString, max: 1, ...options });
    await pool.query('SELECT 1');
    const controller = new AbortController();
    proxy.rewrite = (bytes) => {
      if (bytes.includes(text)) controller.abort();
      return bytes;
    };
    return {
      pool,
      signal: controller.signal,
      async [Symbol.asyncDispose]() {
        await pool.drain();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  it('during the COMMIT leaves it in doubt, also of a block that may run again', async () => {
    await using at = await abortAt('COMMIT');
    const { pool, signal } = at;
    await expect(
      pool.transaction({ signal, retries: 1 }, () => pool.query(insert, [1])),
    ).rejects.toMatchObject({ code: 'COMMIT_OUTCOME_UNKNOWN', cause: { code: 'ABORTED' } });
  });

  it('after the COMMIT comes too late, though hooks still run', async () => {
    const pool = database.pool({ max: 1, ...options });
    const controller = new AbortController();
    const done = await pool.transaction({ signal: controller.signal }, async (transaction) => {
      transaction.afterCommit(async () => {
        controller.abort();
        await sleep(1);
      });
      await pool.query(insert, [1]);
      return 'done';
    });
    expect([done, await ids(database)]).toEqual(['done', [1]]);
  });

  it('at the end of a savepoint leaves nothing in doubt', async () => {
    await using at = await abortAt('RELEASE SAVEPOINT');
    const { pool, signal } = at;
    const outcome = pool.transaction(async () => {
      const nested = pool.transaction({ propagation: 'nested', signal }, () => pool.query(insert, [1]));
      await expect(nested).rejects.toMatchObject({ code: 'ABORTED' });
      throw new Error('mine');
    });
    await expect(outcome).rejects.toThrow('mine');
  });
});

it('a block whose time is up is not tried again, and does not hold up the drain', async () => {
  const pool = database.pool({ max: 1 });
  const controller = new AbortController();
  const retries: number[] = [];
  const outcome = pool.transaction(
    {
      signal: controller.signal,
      retries: 1_000,
      isRetryable: () => true,
      onRetry: ({ attempt }) => {
        retries.push(attempt);
        // By now the pauses are up to a second.
        if (attempt === 7) controller.abort();
      },
    },
    () => pool.query('SELECT 1 / 0'),
  );
  await expect(outcome).rejects.toMatchObject({ code: 'ABORTED' });
  await pool.drain();
  expect(retries.at(-1)).toBe(7);
  expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThan(4);
});

it('a signal may be that of many statements without a warning', async () => {
  const pool = database.pool({ max: 1 });
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  const listener = (warning: Error): number => warnings.push(warning);
  process.on('warning', listener);
  await Promise.all(Array.from({ length: 20 }, () => pool.query({ text: 'SELECT 1', signal })));
  process.off('warning', listener);
  expect(warnings).toEqual([]);
});
