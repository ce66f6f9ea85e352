import { PoolError } from './errors.ts';
import type { Lease, Lender } from './lease.ts';
import { clientQueryFunction } from './queryable.ts';
import type { ClientQueryFunction } from './queryable.ts';

/** Set by the class itself: the one way in from this package, closed to everybody else. */
let leaseIn: (client: PoolClient) => Lease | undefined;

/**
 * A client of the pool in the hands of one borrower. The handle ends with its release: what still asks it then gets
 * `CLIENT_RELEASED` instead of the connection of its next borrower.
 */
export class PoolClient {
  static {
    leaseIn = (client) => (#lease in client ? client.#lease : undefined);
  }

  readonly #lease: Lease;
  #query: ClientQueryFunction | undefined;

  /** @internal */
  constructor(lease: Lease, query?: ClientQueryFunction) {
    this.#lease = lease;
    this.#query = query;
  }

  /** As pg's `query`, with promise or callback. Parallel statements run one after the other. */
  get query(): ClientQueryFunction {
    const lease = this.#lease;
    this.#query ??= clientQueryFunction(
      (asked, limit) => lease.send(asked, limit),
      (submittable) => lease.submit(submittable),
    );
    return this.#query;
  }

  /** The server's process behind this client, as `pg_stat_activity.pid` shows it. */
  get processId(): number | null {
    return this.#lease.connection.processId;
  }

  /**
   * Gives the client back to its pool. A client that is broken or still in a transaction is closed instead of reused; the
   * server rolls its transaction back.
   *
   * @param destroy an error, or true, closes it in any case, as with the clients of pg's own pool
   * @throws PoolError `CLIENT_RELEASED` the second time
   */
  release(destroy?: Error | boolean | null): void {
    if (destroy && !this.#lease.released) this.#lease.connection.condemn('released with an error');
    this.#lease.release();
  }

  [Symbol.dispose](): void {
    if (!this.#lease.released) this.#lease.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}

/** What `connect` calls back: with the client, and with a function that releases it. */
export type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (destroy?: Error | boolean) => void,
) => void;

/** @internal @throws PoolError `CLIENT_NOT_OURS`, unless this lender has lent the client */
export function leaseOf(client: PoolClient, lender?: Lender): Lease {
  const lease = typeof client === 'object' && client !== null ? leaseIn(client) : undefined;
  if (lease && (lender === undefined || lease.lender === lender)) return lease;
  throw new PoolError('CLIENT_NOT_OURS', 'Expected a client that `acquire` of this pool gave out');
}
