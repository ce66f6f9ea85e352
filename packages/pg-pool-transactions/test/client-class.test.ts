import { createPool } from '@silly-face/pg-pool-transactions';
import { Client } from 'pg';
import type { ClientConfig } from 'pg';
import { expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();

it("a class derived from pg's makes the connections of the pool, and those that cancel", async () => {
  let made = 0;
  let connected = 0;
  class Counted extends Client {
    constructor(config?: string | ClientConfig) {
      super(config);
      this.once('connect', () => connected++);
      made++;
    }
  }
  const pool = database.pool({ Client: Counted, max: 1 });
  await pool.transaction(() => pool.query('SELECT 1'));
  // The first one is only asked where it would connect to.
  expect([made, connected]).toEqual([2, 1]);
  await expect(pool.query({ text: 'SELECT pg_sleep(600)', timeoutMs: 50 })).rejects.toMatchObject({
    code: 'STATEMENT_TIMEOUT',
  });
  await pool.query('SELECT 1');
  expect([made, connected, pool.stats().open]).toEqual([3, 1, 1]);
});

/** In the place of pg-native's, which is built from source: like it, it has no connection of its own. */
class NativeClient {
  readonly native = {};
  connect(): void {}
  query(): void {}
  end(): void {}
  getTransactionStatus(): null {
    return null;
  }
}

it.each([
  [NativeClient, 'class NativeClient'],
  ['pg', '"pg"'],
  [null, 'null'],
])('%s is refused', (wrong, got) => {
  expect(() => createPool({ Client: wrong as unknown as typeof Client })).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTIONS',
      message: `Expected \`Client\` to be pg's Client, or a class derived from it, got ${got}`,
    }),
  );
});
