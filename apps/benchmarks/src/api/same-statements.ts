import type { Client } from 'pg';

/** Fails unless the candidates lead to the same statements, told apart as Postgres does: by what they mean, without comments. */
export async function sameStatements(
  client: Client,
  candidates: Record<string, () => Promise<unknown>>,
): Promise<void> {
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const asked: [name: string, statements: Statement[]][] = [];
  for (const [name, run] of Object.entries(candidates)) {
    await track(client, 'top');
    await client.query('SELECT pg_stat_statements_reset()');
    await run();
    await track(client, 'none');
    const { rows } = await client.query<Statement>(
      `SELECT DISTINCT ON (queryid) queryid AS id, query FROM pg_stat_statements
        WHERE calls > 1 AND query !~ 'pg_stat_statements|pg_reload_conf|ALTER SYSTEM' ORDER BY queryid`,
    );
    asked.push([name, rows]);
  }
  const [expected = '', ...others] = asked.map(([, statements]) => statements.map(({ id }) => id).join());
  if (!expected.includes(',') || others.some((ids) => ids !== expected))
    throw new Error(`The candidates ask for other statements: ${JSON.stringify(asked, null, 1)}`);
}

interface Statement {
  /** The same for the same meaning. */
  readonly id: string;
  readonly query: string;
}

async function track(client: Client, what: 'top' | 'none'): Promise<void> {
  await client.query(`ALTER SYSTEM SET pg_stat_statements.track = '${what}'`);
  await client.query('SELECT pg_reload_conf()');
}
