import { startPostgres, waitUntil } from '@silly-face/testing';
import type { TestPostgres } from '@silly-face/testing';
import { createPool } from '@silly-face/pg-pool-transactions';
import type { Pool, PoolOptions } from '@silly-face/pg-pool-transactions';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

/** A test file that wants whole suites to run without pipelining says so before it imports them. */
const byEnvironment: PoolOptions = process.env['TEST_PIPELINE'] === 'off' ? { pipeline: false } : {};

export interface TestDatabase {
  readonly server: TestPostgres;
  /** Past any pool. */
  sql<R extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<R[]>;
  /** A pool that is drained after the test; nothing may be borrowed or awaited by then. */
  pool(options?: PoolOptions): Pool;
  /** Ends the server's process behind a client, and waits for its end. The pool may hear of it later: as `clientLost`. */
  kill(processId: number | null): Promise<void>;
}

/** A server for a test file, with an empty table `items(id int primary key)` for each test. */
export function useDatabase(): TestDatabase {
  let server: TestPostgres;
  let admin: Client;
  const pools: Pool[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    admin = new Client({ connectionString: server.connectionString });
    await admin.connect();
    await admin.query('CREATE TABLE items (id int PRIMARY KEY)');
  });
  beforeEach(async () => {
    await admin.query('TRUNCATE items');
  });
  afterEach(async () => {
    for (const pool of pools.splice(0)) {
      await waitUntil(() => pool.stats().borrowed + pool.stats().waiting === 0, {
        what: `nothing to be borrowed or awaited: ${JSON.stringify(pool.stats())}`,
      });
      await pool.drain();
      expect(pool.stats()).toMatchObject({ open: 0, idle: 0, borrowed: 0, connecting: 0, waiting: 0 });
    }
  });
  afterAll(async () => {
    await admin.end();
    await server[Symbol.asyncDispose]();
  });

  const sql = async <R extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<R[]> =>
    (await admin.query<R>(text, values)).rows;
  return {
    get server() {
      return server;
    },
    sql,
    pool(options) {
      const pool = createPool({ connectionString: server.connectionString, ...byEnvironment, ...options });
      pools.push(pool);
      return pool;
    },
    async kill(processId) {
      await sql('SELECT pg_terminate_backend($1)', [processId]);
      await waitUntil(
        async () => (await sql('SELECT FROM pg_stat_activity WHERE pid = $1', [processId])).length === 0,
        { what: `backend ${processId} to end` },
      );
    },
  };
}

/** The ids in `items`. */
export async function ids(database: TestDatabase): Promise<number[]> {
  return (await database.sql<{ id: number }>('SELECT id FROM items ORDER BY id')).map(({ id }) => id);
}

/** A statement that arrives at the server and stays there until `release` is called. */
export async function blockedStatement(
  database: TestDatabase,
): Promise<{ text: string; arrived(): Promise<void>; release(): Promise<void> }> {
  await database.sql('SELECT pg_advisory_lock(1)');
  return {
    text: 'SELECT pg_advisory_xact_lock(1)',
    async arrived() {
      await waitUntil(
        async () =>
          (await database.sql("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length > 0,
        { what: 'the statement to wait for its lock' },
      );
    },
    async release() {
      await database.sql('SELECT pg_advisory_unlock(1)');
    },
  };
}
