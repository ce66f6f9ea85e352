// Brings the database's schema up to date and exits: 0 when it is, 1 when it is not. Runs once before the first API process
// starts and at each deploy; several at a time wait for one another.
import { fileURLToPath } from 'node:url';
import { readDatabaseUrl } from '../config.ts';
import { areMigrationsApplied, connection, MIGRATIONS_TABLE } from '../store/applied-migrations.ts';

try {
  const databaseUrl = readDatabaseUrl(process.env);
  const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
  if (await areMigrationsApplied(databaseUrl, folder)) console.log('No migrations to run');
  else await migrate(databaseUrl, folder);
} catch (error) {
  console.error(`The migrations failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function migrate(databaseUrl: string, folder: string): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  await runner({
    databaseUrl: connection(databaseUrl),
    dir: folder,
    direction: 'up',
    migrationsTable: MIGRATIONS_TABLE,
    advisoryLockMode: 'wait',
    // All or nothing: a failing migration leaves none of its companions behind.
    singleTransaction: true,
  });
}
