import { Client } from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { openPostgresDirectory } from '../../src/directory/postgres-directory.ts';
import { describeDirectory } from './conformance/index.ts';
import { startMigratedPostgres } from './migrated-postgres.ts';
import type { Store } from './store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store[Symbol.asyncDispose]());

describe('the directory in Postgres:', () => {
  describeDirectory(() => store);
});

async function startStore(): Promise<Store> {
  const postgres = await startMigratedPostgres();
  return {
    environment: { DATABASE_URL: postgres.connectionString },
    get pid() {
      return postgres.pid as number;
    },
    connect: (options) => openPostgresDirectory(postgres.connectionString, options),
    stop: () => postgres.stop(),
    start: () => postgres.start(),
    content: () => contentOf(postgres.connectionString),
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  };
}

async function contentOf(connectionString: string): Promise<string> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ content: string }>(
      `SELECT concat(${TABLES.map((table) => `(SELECT json_agg(t) FROM ${table} t)`).join(', ')}) AS content`,
    );
    return rows[0]?.content ?? '';
  } finally {
    await client.end();
  }
}

const TABLES = ['party_processes', 'party_rooms', 'party_snapshots', 'party_log', 'party_seats'];
