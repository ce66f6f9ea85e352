import type { QueryResult } from 'pg';
import { commitUnanswered, rolledBack } from './boundary.ts';
import type { Boundary } from './boundary.ts';
import { answer, endingFirst } from './callback.ts';
import type { Callback } from './callback.ts';
import { TransactionError } from './errors.ts';
import type { PoolError } from './errors.ts';
import { Hooks } from './hooks.ts';
import type { Hook } from './hooks.ts';
import type { Lease } from './lease.ts';
import type { Limit } from './limit.ts';
import { PoolClient } from './pool-client.ts';
import { batchFunction, clientQueryFunction } from './queryable.ts';
import type { Asked, BatchFunction, ClientQueryFunction } from './queryable.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { TransactionHost, TransactionParts } from './transaction-parts.ts';
import type { TransactionState } from './transaction-state.ts';

/** A running transaction. `pool.transaction` and `Transaction.start` make it. */
export class Transaction {
  /** How this transaction was begun. */
  readonly options: TransactionOptions;

  readonly #host: TransactionHost;
  readonly #lease: Lease;
  readonly #boundary: Boundary;
  readonly #releaseOnCompletion: boolean;
  readonly #outer: Transaction | undefined;
  // Most transactions need none of these.
  #query: ClientQueryFunction | undefined;
  #batch: BatchFunction | undefined;
  #client: PoolClient | undefined;
  #hooks: Hooks | undefined;
  #state: TransactionState = 'active';
  #firstFailure: unknown;
  #doom: { readonly cause: unknown } | undefined;
  /** Settles when the savepoint that runs in this transaction has ended. */
  #inner: Promise<void> | undefined;
  #endInner: (() => void) | undefined;
  #savepoint: Transaction | undefined;
  #commitSent = false;
  /** Nothing more may be sent in it, nor in a savepoint of it. */
  #over = false;

  /** @internal Opens a transaction; on failure nothing of it is left, except that the lease is still its owner's. */
  static async open(parts: TransactionParts): Promise<Transaction> {
    const transaction = new this(parts);
    // Before the first packet, so that nobody begins a second one on the same lease meanwhile.
    parts.lease.observer = transaction;
    try {
      const opened = parts.boundary.open();
      if (opened) await opened;
    } catch (error) {
      parts.lease.observer = parts.outer;
      throw error;
    }
    return transaction;
  }

  /** @internal */
  constructor({ host, lease, boundary, options, releaseOnCompletion, client, outer }: TransactionParts) {
    this.#host = host;
    this.#lease = lease;
    this.#boundary = boundary;
    this.#releaseOnCompletion = releaseOnCompletion;
    this.#outer = outer;
    if (outer) outer.#savepoint = this;
    this.options = options;
    this.#client = client;
  }

  /** Runs a statement in this transaction; afterwards it is refused with `TRANSACTION_ENDED`, never run outside. */
  get query(): ClientQueryFunction {
    this.#query ??= clientQueryFunction(
      (asked, limit) => this.send(asked, limit),
      (submittable) => {
        this.#mustBeActive('query');
        this.#lease.submit(submittable);
      },
    );
    return this.#query;
  }

  /** Runs statements in one round trip, in this transaction. */
  get batch(): BatchFunction {
    this.#batch ??= batchFunction((asked, limit) => this.send(asked, limit));
    return this.#batch;
  }

  /** The client on which this transaction runs. */
  get pgClient(): PoolClient {
    this.#client ??= new PoolClient(this.#lease, this.query);
    return this.#client;
  }

  get state(): TransactionState {
    return this.#state;
  }

  /**
   * Commits, after every statement that was asked before.
   *
   * @throws TransactionError `TRANSACTION_ROLLED_BACK` with the first failure as its cause when the server has answered with a
   *   rollback, `COMMIT_OUTCOME_UNKNOWN` when the connection was lost before the answer, `TRANSACTION_ENDED`; and what Postgres
   *   says at the commit, as for a deferred constraint.
   */
  commit(): Promise<void>;
  commit(callback: Callback<this>): void;
  commit(callback?: Callback<this>): Promise<void> | void {
    return this.#settle(this.#commit(), callback);
  }

  /** Rolls back. @throws TransactionError `TRANSACTION_ENDED` */
  rollback(): Promise<void>;
  rollback(callback: Callback<this>): void;
  rollback(callback?: Callback<this>): Promise<void> | void {
    return this.#settle(this.#rollback(), callback);
  }

  /**
   * A callback that ends this transaction before it calls the given one, once, with the same arguments: with an error it rolls
   * back, without one it commits. When the commit fails, its error is what the given callback gets.
   */
  wrapCallback<E, A extends unknown[]>(
    callback: (error: E, ...results: A) => void,
  ): (error: E, ...results: A) => void {
    return endingFirst((failed) => (failed ? this.abandon() : this.#commit()), callback);
  }

  /** Runs `hook` once this transaction, and with it everything around it, is committed; outside of any transaction. */
  afterCommit(hook: Hook): void {
    this.#mustBeActive('add a hook');
    this.#hooks ??= new Hooks();
    this.#hooks.committed.push(hook);
  }

  /** Runs `hook` once this transaction is rolled back; outside of any transaction. Not when its outcome is in doubt. */
  afterRollback(hook: Hook): void {
    this.#mustBeActive('add a hook');
    this.#hooks ??= new Hooks();
    this.#hooks.rolledBack.push(hook);
  }

  /** @internal Hears of failed statements. */
  noteFailure(error: unknown): void {
    this.#firstFailure ??= error;
  }

  /** @internal A part of it has failed, so the whole may not be committed any more. */
  doom(cause: unknown): void {
    this.#doom ??= { cause };
  }

  /**
   * @internal Nobody waits for it any more: what still runs is cancelled, and the whole rolled back.
   *
   * @returns what the one gets who has waited; nothing if it was in time, and only its hooks still run
   */
  expire(error: PoolError): PoolError | undefined {
    if (this.#state === 'committed' && !this.#outer) return undefined;
    // Its ROLLBACK, once asked, is let through: without it the connection would be of no use to anybody.
    const isRollingBack = this.#over && !this.#commitSent;
    this.#over = true;
    this.doom(error);
    if (!isRollingBack) this.#lease.giveUp(error);
    this.#endInner?.();
    void this.abandon();
    // Without an answer to its end, a savepoint goes with the transaction around it.
    return this.#commitSent && this.#state !== 'rolled back' && !this.#outer
      ? commitUnanswered(error)
      : error;
  }

  /** @internal Rolls back what still runs. Never rejects: it is called when there is already an error to tell. */
  async abandon(): Promise<void> {
    if (this.#state !== 'active') return;
    try {
      await this.#rollback();
    } catch {
      // The connection is condemned, and its removal is reported with this reason.
    }
  }

  /** @internal Runs a block in a transaction within this one; one such block after the other. */
  async nest<T>(block: (lease: Lease) => Promise<T>, limit?: Limit): Promise<T> {
    this.#mustBeActive('nest');
    while (this.#mustWait()) await (limit && this.#inner ? limit.orReached(this.#inner) : this.#inner);
    this.#mustBeActive('nest');
    this.#inner = new Promise((resolve) => {
      this.#endInner = () => {
        this.#inner = undefined;
        resolve();
      };
    });
    try {
      return await block(this.#lease);
    } finally {
      this.#endInner?.();
    }
  }

  /** @internal */
  send(asked: Asked, limit?: Limit): Promise<QueryResult> {
    this.#mustBeActive('query');
    if (!this.#inner) return this.#lease.send(asked, limit);
    const sent = this.#sendLater(asked, limit);
    return limit?.orReached(sent) ?? sent;
  }

  /** Its limit must not lengthen the wait: what was asked before a COMMIT would come behind it. */
  async #sendLater(asked: Asked, limit?: Limit): Promise<QueryResult> {
    while (this.#mustWait()) await this.#inner;
    if (this.#over) this.#mustBeActive('query');
    return await this.#lease.send(asked, limit);
  }

  async #commit(): Promise<void> {
    this.#mustBeActive('commit');
    this.#state = 'committing';
    while (this.#mustWait()) await this.#inner;
    if (this.#doom) {
      await this.#rollbackNow();
      throw rolledBack(this.#doom.cause);
    }
    this.#commitSent = true;
    this.#over = true;
    try {
      await this.#boundary.commit(() => this.#firstFailure, this.#releaseOnCompletion);
    } catch (error) {
      const inDoubt = error instanceof TransactionError && error.code === 'COMMIT_OUTCOME_UNKNOWN';
      await this.#end(inDoubt ? 'in doubt' : 'rolled back');
      throw error;
    }
    await this.#end('committed');
  }

  async #rollback(): Promise<void> {
    this.#mustBeActive('roll back');
    this.#state = 'rolling back';
    while (this.#mustWait()) await this.#inner;
    await this.#rollbackNow();
  }

  async #rollbackNow(): Promise<void> {
    this.#over = true;
    try {
      await this.#boundary.rollback();
    } finally {
      await this.#end('rolled back');
    }
  }

  #end(state: 'committed' | 'rolled back' | 'in doubt'): Promise<void> | undefined {
    this.#state = state;
    this.#lease.observer = this.#outer;
    if (this.#releaseOnCompletion && !this.#lease.released) this.#lease.release();
    // Savepoints whose blocks still run have gone with it.
    for (let inner = this.#savepoint; inner && inner.#state === 'active'; inner = inner.#savepoint)
      inner.#moveHooksTo(this);
    if (state !== 'committed' || !this.#outer) return this.#hooks?.run(state, this.#host);
    this.#moveHooksTo(this.#outer);
    return undefined;
  }

  #moveHooksTo(outer: Transaction): void {
    if (this.#hooks) this.#hooks.moveTo((outer.#hooks ??= new Hooks()));
  }

  /**
   * What an outer transaction asks while a savepoint runs in it would be lost with the savepoint: it waits, except for code inside
   * of that savepoint. To be asked again after the wait: of several who have waited, the first may have opened the next savepoint.
   */
  #mustWait(): boolean {
    if (!this.#inner) return false;
    let transaction = this.#host.scopes.current?.transaction;
    while (transaction) {
      if (transaction.#outer === this) return false;
      transaction = transaction.#outer;
    }
    return true;
  }

  #mustBeActive(operation: string): void {
    if (this.#outer) this.#outer.#mustNotBeOver(operation);
    if (this.#state === 'active') return;
    const cause = this.#doom?.cause ?? this.#firstFailure;
    const message = `Cannot ${operation}: the transaction is ${this.#state}`;
    throw new TransactionError('TRANSACTION_ENDED', message, { cause });
  }

  /** What runs in a savepoint of it would otherwise go on outside of any transaction. */
  #mustNotBeOver(operation: string): void {
    if (this.#over) this.#mustBeActive(operation);
    if (this.#outer) this.#outer.#mustNotBeOver(operation);
  }

  #settle(ended: Promise<void>, callback: Callback<this> | undefined): Promise<void> | void {
    if (!callback) return ended;
    const endedThis = ended.then(() => this);
    answer(endedThis, callback);
  }
}
