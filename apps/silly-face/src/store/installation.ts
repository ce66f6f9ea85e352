import type { Database } from './database.ts';

/** Made with the database, and told by its copies, too. */
export async function readInstallationId(db: Database): Promise<string> {
  const { rows } = await db.query<{ id: string }>('SELECT id FROM installation');
  const [row] = rows;
  if (!row) throw new Error('Reading the id of the installation returned no row');
  return row.id;
}

/** It is read once, when somebody asks; after a failure, when somebody asks again. */
export function installationIdOf(db: Database): () => Promise<string> {
  let id: Promise<string> | undefined;
  const read = (): Promise<string> =>
    readInstallationId(db).catch((error: unknown) => {
      id = undefined;
      throw error;
    });
  return () => (id ??= read());
}
