import { freePort, preparePostgres } from '@silly-face/postgres-local';
import { Client } from 'pg';
import { readDatabaseUrl } from '../config.ts';
import type { Service } from './service.ts';

/** DATABASE_URL, else the system's binaries, else the embedded ones; SILLY_FACE_POSTGRES picks `system` or `embedded`. */
export async function postgresService(
  environment: NodeJS.ProcessEnv,
  directory: string,
  signal: AbortSignal,
): Promise<Service> {
  if (environment.DATABASE_URL) {
    const given = readDatabaseUrl(environment);
    return {
      description: 'Postgres from DATABASE_URL',
      environment: { DATABASE_URL: given },
      children: [],
      sockets: {},
    };
  }
  const source = postgresSource(environment.SILLY_FACE_POSTGRES);
  const server = await preparePostgres({ directory, port: await freePort(), source, signal });
  return {
    description: `${server.source} Postgres ${server.major} in ${directory}`,
    environment: { DATABASE_URL: server.connectionString },
    sockets: {},
    children: [
      {
        name: 'postgres',
        command: server.command,
        args: server.args,
        cwd: directory,
        ...(server.user && { user: server.user.name }),
        healthCheck: () => answersQueries(server.connectionString),
        // Frozen for half a minute, it is replaced.
        healthCheckIntervalMs: 5_000,
        unhealthyThreshold: 6,
        // Fast shutdown: it cuts its clients, who have ended before it, and closes its files.
        stopSignal: 'SIGINT',
        stopTimeoutMs: 30_000,
        // Immediate shutdown: no checkpoint, but its shared memory is released.
        deathSignal: 'SIGQUIT',
      },
    ],
  };
}

function postgresSource(value: string | undefined): 'system' | 'embedded' | undefined {
  if (value === undefined || value === '' || value === 'system' || value === 'embedded')
    return value || undefined;
  throw new Error(`Expected SILLY_FACE_POSTGRES to be 'system' or 'embedded', got '${value}'`);
}

/** A connection of its own each time: the check must see whether new ones are taken. */
async function answersQueries(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  // A connection that breaks between two steps is reported by the step; without a listener it would end this process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end();
  }
}
