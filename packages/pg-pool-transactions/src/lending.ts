import type { QueryResult } from 'pg';
import { Borrowers } from './borrowers.ts';
import type { ClientPool } from './client-pool.ts';
import type { Connection } from './connection.ts';
import type { Connector } from './connector.ts';
import { PoolDeadlockError, PoolError } from './errors.ts';
import { describeHolders } from './holder.ts';
import type { Holder } from './holder.ts';
import { Lease } from './lease.ts';
import type { Lender } from './lease.ts';
import { checkLimitOptions, Limit } from './limit.ts';
import type { LimitOptions } from './limit.ts';
import type { PoolSettings } from './options.ts';
import { PoolClient } from './pool-client.ts';
import type { Asked } from './queryable.ts';
import type { Scopes } from './scope.ts';
import { resetSession } from './session-reset.ts';
import { trace, tracing } from './tracing.ts';
import type { TraceAttributes } from './tracing.ts';

export interface LendingParts {
  readonly settings: PoolSettings;
  readonly clients: ClientPool<Connection>;
  readonly scopes: Scopes;
  readonly connector: Connector;
  report(event: 'leak' | 'heldTooLong', holder: Holder): void;
}

/** On what terms a connection is lent. */
export interface Loan {
  /** Has the borrower to release the lease by hand? @default false */
  readonly forgettable?: boolean;
  /** Ends the wait for a connection. */
  readonly limit?: Limit | undefined;
  /** @default the pool's own `acquireTimeoutMs` */
  readonly timeoutMs?: number | undefined;
  /** Was the caller there before the pool began to drain? */
  readonly admitted?: boolean | undefined;
}

/** Lends the connections of a pool, and takes them back, clean or not at all. */
export class Lending implements Lender {
  readonly #parts: LendingParts;
  readonly #borrowers: Borrowers;
  #refusing = false;
  readonly #deadlocked = (): PoolDeadlockError => this.#deadlock();

  constructor(parts: LendingParts) {
    this.#parts = parts;
    this.#borrowers = new Borrowers({
      ...parts.settings,
      forgotten: (connection, holder) => {
        parts.report('leak', holder);
        connection.whenQuiet(() => this.#receive(connection));
      },
      heldTooLong: (holder) => parts.report('heldTooLong', holder),
    });
  }

  get statementTimeoutMs(): number {
    return this.#parts.settings.statementTimeoutMs;
  }

  get attributes(): TraceAttributes {
    return this.#parts.settings.attributes;
  }

  lend(loan: Loan = {}): Promise<Lease> {
    const lease = this.#lendAtOnce(loan.forgettable);
    return lease ? Promise.resolve(lease) : this.#lendLater(loan);
  }

  /** Lends a client by hand. */
  acquire(limits: LimitOptions | undefined): Promise<PoolClient> {
    const lease = limits ? undefined : this.#lendAtOnce(true);
    return lease ? Promise.resolve(new PoolClient(lease)) : this.#acquireWithin(limits ?? {});
  }

  /** Lends a client for what is asked, and no longer. */
  async send(asked: Asked, limit: Limit | undefined): Promise<QueryResult> {
    const lease = await this.lend({ limit });
    try {
      return await lease.send(asked, limit);
    } finally {
      lease.release();
    }
  }

  /** From now on only those are lent a client who have one, or were admitted before. @returns what the others get */
  refuse(): PoolError {
    this.#refusing = true;
    return this.#draining();
  }

  /** What is idle, if anything is. */
  #lendAtOnce(forgettable = false): Lease | undefined {
    if (this.#refusing || tracing.acquire.hasSubscribers) return undefined;
    const connection = this.#parts.clients.take();
    if (!connection) return undefined;
    return this.#note(connection, this.#borrowers.stack(), forgettable);
  }

  async #lendLater({ forgettable = false, limit, timeoutMs, admitted }: Loan): Promise<Lease> {
    const { settings, clients, scopes } = this.#parts;
    // Whoever holds a client is let finish, and may need another one for it.
    const { holding } = scopes;
    if (this.#refusing && !admitted && !holding) throw this.#draining();
    const stack = this.#borrowers.stack();
    let acquired: Promise<Connection>;
    if (holding || tracing.acquire.hasSubscribers) {
      const acquire = (): Promise<Connection> =>
        scopes.waitForClient(settings.max, () => clients.acquire(limit, timeoutMs), this.#deadlocked);
      acquired = trace(tracing.acquire, settings.attributes, acquire);
    } else {
      acquired = clients.acquire(limit, timeoutMs);
    }
    return this.#note(await acquired, stack, forgettable);
  }

  async #acquireWithin({ timeoutMs, signal }: LimitOptions): Promise<PoolClient> {
    checkLimitOptions({ timeoutMs, signal });
    const limit = Limit.of(`The wait for a client of pool '${this.#parts.settings.name}'`, { signal });
    try {
      limit?.mustNotBeReached();
      return new PoolClient(await this.lend({ forgettable: true, limit, timeoutMs }));
    } finally {
      limit?.end();
    }
  }

  #note(connection: Connection, stack: string | undefined, forgettable: boolean): Lease {
    const lease = new Lease(connection, this);
    this.#borrowers.took(lease, stack, forgettable);
    return lease;
  }

  takeBack(lease: Lease): void {
    this.#borrowers.gaveBack(lease);
    this.#receive(lease.connection);
  }

  handOver(lease: Lease): boolean {
    const { clients, settings } = this.#parts;
    // The next one may have the connection only once a reset is answered.
    if (clients.pending === 0 || settings.reset) return false;
    this.#borrowers.gaveBack(lease);
    void clients.release(lease.connection);
    return true;
  }

  /** What a caller gets who has waited for too long. */
  timedOut(timeoutMs: number, cause: Error | undefined): PoolError {
    const { settings, clients } = this.#parts;
    const { borrowed, connecting, pending } = clients;
    const { holders } = this.#borrowers;
    if (borrowed > 0) this.#borrowers.suspect();
    const message =
      `Pool '${settings.name}' had no client within ${timeoutMs} ms: ` +
      `${borrowed} of ${settings.max} are borrowed, ${connecting} connecting, ${pending} callers wait`;
    return new PoolError('POOL_ACQUIRE_TIMEOUT', message + describeHolders(holders), { cause, holders });
  }

  /** What a caller gets who would have to wait behind too many others. */
  queueFull(cause: Error | undefined): PoolError {
    const { settings, clients } = this.#parts;
    const message =
      `Pool '${settings.name}' lets at most ${settings.maxWaiting} callers wait: ` +
      `${clients.borrowed} of ${settings.max} are borrowed, ${clients.connecting} connecting`;
    return new PoolError('POOL_QUEUE_FULL', message, { cause });
  }

  async drain(): Promise<void> {
    await this.#parts.clients.drain();
    this.#borrowers.stop();
  }

  #draining(): PoolError {
    const { name } = this.#parts.settings;
    return new PoolError('POOL_DRAINING', `Pool '${name}' is draining and lends no more clients`);
  }

  #deadlock(): PoolDeadlockError {
    const { name, max } = this.#parts.settings;
    const { holders } = this.#borrowers;
    this.#borrowers.suspect();
    const message = `Pool '${name}' would wait for ever: each of its ${max} clients is held by a caller that waits for another one`;
    return new PoolDeadlockError(message + describeHolders(holders), holders);
  }

  #receive(connection: Connection): void {
    const { settings, connector } = this.#parts;
    const { reset } = settings;
    if (reset && connection.unfit === undefined) {
      void connector
        .atHome(() => resetSession(connection, reset, settings))
        .then(() => this.#putAway(connection));
    } else {
      this.#putAway(connection);
    }
  }

  #putAway(connection: Connection): void {
    const { clients } = this.#parts;
    const { unfit } = connection;
    if (unfit === undefined) {
      void clients.release(connection);
      return;
    }
    connection.condemn(unfit);
    void clients.destroy(connection);
  }
}
