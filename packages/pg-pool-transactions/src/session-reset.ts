import type { Connection } from './connection.ts';
import { Lease } from './lease.ts';
import type { PoolSettings } from './options.ts';
import { PoolClient } from './pool-client.ts';

/** Brings the session of a client back to how it was when it connected. */
export type Reset = (client: PoolClient) => unknown;

/**
 * Resolves when the session is reset and every statement answered. A connection with which that fails is condemned, also when it
 * takes too long: a server that does not answer must not keep a client for ever.
 */
export function resetSession(
  connection: Connection,
  reset: Reset,
  { connectTimeoutMs: patienceMs, attributes }: Pick<PoolSettings, 'connectTimeoutMs' | 'attributes'>,
): Promise<void> {
  return new Promise((resolve) => {
    const fail = (why: string): void => connection.condemn(`reset failed: ${why}`);
    const patience = setTimeout(() => {
      fail(`it has taken more than ${patienceMs} ms`);
      resolve();
    }, patienceMs);
    const takeBack = (): void => {
      clearTimeout(patience);
      resolve();
    };
    const lease = new Lease(connection, {
      statementTimeoutMs: Infinity,
      attributes,
      takeBack,
      handOver: () => false,
    });
    const run = async (): Promise<void> => {
      try {
        await reset(new PoolClient(lease));
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
      if (!lease.released) lease.release();
    };
    void run();
  });
}
