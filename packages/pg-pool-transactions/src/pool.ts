import { EventEmitter } from 'node:events';
import { bindTransaction } from './bound-transaction.ts';
import type { BoundTransactionClass, TransactionClass, TransactionSource } from './bound-transaction.ts';
import { answer } from './callback.ts';
import type { Callback } from './callback.ts';
import { ClientPool } from './client-pool.ts';
import type { Connection } from './connection.ts';
import { Connector, isFull } from './connector.ts';
import type { PoolError } from './errors.ts';
import type { Announce, PoolEvents } from './events.ts';
import { warnOf } from './holder.ts';
import type { Holder } from './holder.ts';
import { Lending } from './lending.ts';
import { Listener } from './listener.ts';
import type { ListenOptions, NotificationHandler, Subscription } from './listener.ts';
import { logEvents } from './log.ts';
import { notifyStatement } from './notification.ts';
import { checkPoolOptions } from './options.ts';
import type { PoolOptions, PoolSettings } from './options.ts';
import type { LimitOptions } from './limit.ts';
import { leaseOf, PoolClient } from './pool-client.ts';
import type { ConnectCallback } from './pool-client.ts';
import type { PoolStats } from './pool-stats.ts';
import { pooled } from './pooled.ts';
import { Blocks } from './propagation.ts';
import { batchFunction, queryFunction } from './queryable.ts';
import type { BatchFunction, QueryFunction, Send } from './queryable.ts';
import { Scopes } from './scope.ts';
import type { Transaction } from './transaction.ts';
import type { BlockOptions, LooseBlockOptions } from './transaction-options.ts';

/**
 * Makes a pool. It connects when somebody needs a client, or at once for `min`.
 *
 * @throws PoolError `INVALID_OPTIONS`
 */
export function createPool(options: PoolOptions = {}): Pool {
  return new Pool(options);
}

/** A pool of connections to one Postgres database. */
export class Pool extends EventEmitter<PoolEvents> {
  readonly name: string;
  /** Transactions of this pool that are begun and ended by hand. */
  readonly Transaction: TransactionClass;
  /**
   * Runs a statement: in the transaction that surrounds the call, if there is one, else on any client, which is back in the pool
   * when the promise settles.
   */
  readonly query: QueryFunction;
  /** Runs statements in one round trip: in the transaction that surrounds the call, else as a whole of their own. */
  readonly batch: BatchFunction;

  readonly #settings: PoolSettings;
  readonly #clients: ClientPool<Connection>;
  readonly #scopes = new Scopes();
  readonly #lending: Lending;
  readonly #blocks: Blocks;
  readonly #connector: Connector;
  readonly #listener: Listener;
  #drained: Promise<void> | undefined;

  /** @internal */
  constructor(options: PoolOptions) {
    super();
    this.#settings = checkPoolOptions(options);
    const { name, log } = this.#settings;
    this.name = name;
    if (log) logEvents(this, name, log);
    this.#connector = new Connector(this.#settings, this.#announce);
    this.#listener = new Listener(this.#connector, (error) => this.#announceFailure('handlerError', error));
    this.#clients = new ClientPool({
      ...this.#settings,
      create: () => this.#connector.open((lost) => this.#clients.discardIdle(lost)),
      destroy: (connection) => this.#remove(connection),
      isAlive: (connection) => connection.lost === undefined,
      expire: (connection) => connection.condemn('expired'),
      mayServeLater: isFull,
      timedOut: (timeoutMs, lastFailure) => lending.timedOut(timeoutMs, lastFailure),
      queueFull: (lastFailure) => lending.queueFull(lastFailure),
    });
    const lending = new Lending({
      settings: this.#settings,
      clients: this.#clients,
      scopes: this.#scopes,
      connector: this.#connector,
      report: (event, holder) => this.#report(event, holder),
    });
    this.#lending = lending;
    const source: TransactionSource = {
      scopes: this.#scopes,
      lender: lending,
      lend: (loan) => lending.lend(loan),
      hookFailed: (error) => this.#announceFailure('hookError', error),
    };
    const Transaction: BoundTransactionClass = bindTransaction(source);
    this.Transaction = Transaction;
    this.#blocks = new Blocks(source, Transaction, this.#settings.retryPolicy, (retry) =>
      this.#announce('retry', retry),
    );
    const send: Send = (asked, limit) =>
      this.currentTransaction?.send(asked, limit) ?? lending.send(asked, limit);
    this.query = queryFunction(send);
    this.batch = batchFunction(send);
  }

  /** The transaction that surrounds the call, if one does; also when it has ended and the call goes on. */
  get currentTransaction(): Transaction | undefined {
    return this.#scopes.current?.transaction;
  }

  /**
   * Borrows a client; the caller has to release it. Always a client of its own, also inside a transaction. Its own `timeoutMs`
   * takes the place of `acquireTimeoutMs`; its `signal` ends the wait with `ABORTED`.
   *
   * @throws PoolError `POOL_CONNECT_FAILED`, `POOL_ACQUIRE_TIMEOUT`, `POOL_QUEUE_FULL`, `POOL_DRAINING`, and PoolDeadlockError
   */
  acquire(limits?: LimitOptions): Promise<PoolClient>;
  acquire(callback: Callback<PoolClient>): void;
  acquire(limits: LimitOptions, callback: Callback<PoolClient>): void;
  acquire(
    limits?: LimitOptions | Callback<PoolClient>,
    callback = typeof limits === 'function' ? limits : undefined,
  ): Promise<PoolClient> | void {
    const acquired = this.#lending.acquire(typeof limits === 'object' ? limits : undefined);
    if (!callback) return acquired;
    answer(acquired, callback);
  }

  /**
   * As {@link acquire}, under the name and with the callback that pg's own pool has, for what is written for that.
   *
   * @throws what {@link acquire} does
   */
  connect(): Promise<PoolClient>;
  connect(callback: ConnectCallback): void;
  connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (!callback) return this.acquire();
    this.acquire((error, client) =>
      callback(error ?? undefined, client, (destroy) => client?.release(destroy)),
    );
  }

  /** As {@link drain}, under the name that it has in pg's own pool. */
  end(): Promise<void>;
  end(callback: () => void): void;
  end(callback?: () => void): Promise<void> | void {
    if (!callback) return this.drain();
    answer(this.drain(), callback);
  }

  /** As `client.release()`. @throws PoolError `CLIENT_RELEASED`, `CLIENT_NOT_OURS` */
  release(client: PoolClient): void {
    leaseOf(client, this.#lending).release();
  }

  /** Lends a client to `fn` until it has settled; inside a transaction, the client of the transaction. */
  async use<T>(fn: (client: PoolClient) => T | Promise<T>): Promise<T> {
    const current = this.currentTransaction;
    if (current) return await fn(current.pgClient);
    const lease = await this.#lending.lend();
    try {
      return await this.#scopes.run(
        { lease, transaction: undefined },
        async () => await fn(new PoolClient(lease)),
      );
    } finally {
      if (!lease.released) lease.release();
    }
  }

  /**
   * Makes `fn(client, ...args)` into a function of `args` that borrows its client itself, as `use` does: until the promise is
   * settled or, if the last argument is a function, until `fn` calls it back.
   */
  pooled<A extends unknown[], R>(
    fn: (client: PoolClient, ...args: A) => Promise<R>,
  ): (...args: A) => Promise<R>;
  pooled<A extends unknown[]>(fn: (client: PoolClient, ...args: A) => void): (...args: A) => void;
  pooled<A extends unknown[], R>(
    fn: (client: PoolClient, ...args: A) => R,
  ): (...args: A) => Promise<R> | void {
    return pooled((borrower) => this.use(borrower), fn);
  }

  /**
   * Runs `fn` in a transaction: commits when it resolves, rolls back and passes its error on when it rejects. Everything that is
   * asked of the pool in the async call tree of `fn` belongs to the transaction.
   *
   * @throws besides what `fn` throws: what {@link acquire} and {@link Transaction.commit} do, and TransactionError
   *   `TRANSACTION_REQUIRED`, `TRANSACTION_FORBIDDEN` or `TRANSACTION_MISMATCH`, depending on the options
   */
  transaction<T>(fn: (transaction: Transaction) => T | Promise<T>): Promise<T>;
  transaction<T>(
    options: LooseBlockOptions,
    fn: (transaction: Transaction | undefined) => T | Promise<T>,
  ): Promise<T>;
  transaction<T>(options: BlockOptions, fn: (transaction: Transaction) => T | Promise<T>): Promise<T>;
  transaction<T>(
    options: BlockOptions | ((transaction: Transaction) => T | Promise<T>),
    fn?: (transaction: Transaction) => T | Promise<T>,
  ): Promise<T> {
    const block = typeof options === 'function' ? options : fn;
    // The overloads promise a transaction only for those propagations that have one.
    return this.#blocks.run(
      typeof options === 'function' ? {} : options,
      block as (transaction: Transaction | undefined) => T | Promise<T>,
    );
  }

  /**
   * Calls `handler` for every notification of a channel, until it unlistens or the pool is drained; from when the promise resolves,
   * and at once also in a transaction. All channels share one connection, besides the `max` of the pool; when that is lost, they are
   * listened to again as soon as possible.
   *
   * @throws PoolError `POOL_CONNECT_FAILED`, `POOL_DRAINING`, `INVALID_OPTIONS`
   */
  listen(channel: string, handler: NotificationHandler, options?: ListenOptions): Promise<Subscription> {
    return this.#listener.listen(channel, handler, options);
  }

  /** Notifies a channel; in a transaction, when that is committed. @throws PoolError `PAYLOAD_TOO_LONG`, and what {@link query} does */
  async notify(channel: string, payload = ''): Promise<void> {
    await this.query(notifyStatement(channel, payload));
  }

  stats(): PoolStats {
    const { size, available, borrowed, connecting, pending } = this.#clients;
    const { max } = this.#settings;
    return { max, open: size - connecting, idle: available, borrowed, connecting, waiting: pending };
  }

  /**
   * Ends the pool: new callers are refused, nobody is notified any more, those who hold or wait for a client are served to their
   * end, then every connection is closed. Resolves when the last socket is closed; calling it again gives the same promise.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    const refusal = this.#lending.refuse();
    const served = this.#blocks.settled().then(() => this.#lending.drain());
    await Promise.all([served, this.#listener.close(refusal)]);
  }

  #remove(connection: Connection): Promise<void> {
    return this.#connector.close(connection, connection.unfit ?? (this.#drained ? 'drain' : 'idle'));
  }

  #report(event: 'leak' | 'heldTooLong', holder: Holder): void {
    if (this.listenerCount(event) > 0) this.#announce(event, holder);
    else warnOf(event, this.name, holder);
  }

  #announceFailure(event: 'hookError' | 'handlerError', error: PoolError): void {
    if (this.listenerCount(event) > 0) this.#announce(event, error);
    else process.emitWarning(error);
  }

  /** On a tick of its own: what a listener throws must not stop what the pool is in the middle of. */
  readonly #announce: Announce = (event, ...args) => {
    if (this.listenerCount(event) > 0) process.nextTick(() => (this as EventEmitter).emit(event, ...args));
  };
}
