import type { Client, ClientConfig } from 'pg';
import { PoolError } from './errors.ts';
import { invalid } from './option-checks.ts';
import type { TraceAttributes } from './tracing.ts';

/** How a pool makes its clients, and how it names their server in messages and traces. */
export interface ClientMaker {
  readonly makeClient: () => Client;
  readonly attributes: TraceAttributes;
}

/**
 * An unconnected client reads the connection string as every later one will, and shows of which kind they are.
 *
 * @throws PoolError `INVALID_OPTIONS`
 */
export function clientMaker(ClientClass: typeof Client, config: ClientConfig, poolName: string): ClientMaker {
  if (typeof ClientClass !== 'function') throw notAClient(ClientClass);
  const makeClient = (): Client => new ClientClass(config);
  const { host, port, database, connection, getTransactionStatus } = first(makeClient);
  // That of pg-native has none, and nothing that is asked of a connection here could be asked of it.
  if (typeof connection?.stream?.cork !== 'function' || typeof getTransactionStatus !== 'function')
    throw notAClient(ClientClass);
  return {
    makeClient,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': database ?? '',
      'server.address': host,
      'server.port': port,
      'db.client.connection.pool.name': poolName,
    },
  };
}

function first(makeClient: () => Client): Partial<Client> & Pick<Client, 'host' | 'port' | 'database'> {
  try {
    return makeClient();
  } catch {
    // No cause: the errors of URL parsers quote their input, and the password with it.
    throw new PoolError(
      'INVALID_OPTIONS',
      'Expected `connectionString` and its siblings to describe a Postgres server',
    );
  }
}

function notAClient(got: unknown): PoolError {
  // As a text, a class is its whole source.
  const shown = typeof got === 'function' ? { toString: () => `class ${got.name}` } : got;
  return invalid('`Client`', "pg's Client, or a class derived from it", shown);
}
