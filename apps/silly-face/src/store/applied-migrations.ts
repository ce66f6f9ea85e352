import { readdir } from 'node:fs/promises';
import { parse } from 'node:path';
import { DatabaseError } from 'pg';
import { connected } from './connected.ts';

export const MIGRATIONS_TABLE = 'migrations';

/**
 * Whether exactly the migrations of this folder are in the database, in their order: then there is nothing to run, and no need to
 * load what runs them, which every start and every deploy would wait for. Those of a run that goes on elsewhere are not in it yet.
 */
export async function areMigrationsApplied(databaseUrl: string, folder: string): Promise<boolean> {
  const files = await readdir(folder);
  const names = files.filter((file) => !file.startsWith('.')).map((file) => parse(file).name);
  const applied = await appliedMigrations(databaseUrl);
  return applied.join('\n') === names.toSorted().join('\n');
}

async function appliedMigrations(databaseUrl: string): Promise<string[]> {
  try {
    return await connected(databaseUrl, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY run_on, id`,
      );
      return rows.map(({ name }) => name);
    });
  } catch (error) {
    if (error instanceof DatabaseError && error.code === UNDEFINED_TABLE) return [];
    throw error;
  }
}

const UNDEFINED_TABLE = '42P01';
