import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPostgres, type TestPostgres } from '@silly-face/testing';

export async function startMigratedPostgres(): Promise<TestPostgres> {
  const postgres = await startPostgres();
  await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('../../dist/processes/migrate.js', import.meta.url))],
    { env: { ...process.env, DATABASE_URL: postgres.connectionString } },
  );
  return postgres;
}
