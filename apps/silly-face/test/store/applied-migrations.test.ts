import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { areMigrationsApplied } from '../../src/store/applied-migrations.ts';
import { startMigratedPostgres } from '../directory/migrated-postgres.ts';

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));

/** A copy of the migrations without the newest, and with those that are named. */
function changedMigrations({ without, added = [] }: { without: number; added?: string[] }): string {
  const folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const names = readdirSync(migrations).toSorted();
  for (const name of names.slice(0, names.length - without))
    copyFileSync(join(migrations, name), join(folder, name));
  for (const name of added) writeFileSync(join(folder, name), 'SELECT 1');
  return folder;
}

test('a new database has none of the migrations', async () => {
  await using postgres = await startPostgres();
  expect(await areMigrationsApplied(postgres.connectionString, migrations)).toBe(false);
});

test('a database is up to date when it has the same migrations as the folder, no more and no fewer', async () => {
  await using postgres = await startMigratedPostgres();
  const applied = (folder: string): Promise<boolean> =>
    areMigrationsApplied(postgres.connectionString, folder);
  const newer = '1999999999999_newer.sql';
  expect(await applied(migrations)).toBe(true);
  expect(await applied(changedMigrations({ without: 0, added: ['.hidden.sql'] }))).toBe(true);
  expect(await applied(changedMigrations({ without: 0, added: [newer] }))).toBe(false);
  expect(await applied(changedMigrations({ without: 1 }))).toBe(false);
  expect(await applied(changedMigrations({ without: 1, added: [newer] }))).toBe(false);
});

test('a database that is not there is an error', async () => {
  await expect(areMigrationsApplied('postgres://127.0.0.1:1/none', migrations)).rejects.toThrow(
    'ECONNREFUSED',
  );
});
