// Brings the database's schema up to date and exits: 0 when it is, 1 when it is not. Runs once before the first API process
// starts and at each deploy; several at a time wait for one another.
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { readDatabaseUrl } from '../config.ts';

try {
  await runner({
    databaseUrl: { connectionString: readDatabaseUrl(process.env), connectionTimeoutMillis: 10_000 },
    dir: fileURLToPath(new URL('../../migrations', import.meta.url)),
    direction: 'up',
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    // All or nothing: a failing migration leaves none of its companions behind.
    singleTransaction: true,
  });
} catch (error) {
  console.error(`The migrations failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
