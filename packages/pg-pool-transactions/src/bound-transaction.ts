import { WholeTransaction } from './boundary.ts';
import { answer } from './callback.ts';
import type { Callback } from './callback.ts';
import { TransactionError } from './errors.ts';
import type { Lease, Lender } from './lease.ts';
import type { Loan } from './lending.ts';
import { leaseOf } from './pool-client.ts';
import type { PoolClient } from './pool-client.ts';
import { Transaction } from './transaction.ts';
import type { TransactionHost } from './transaction-parts.ts';
import { checkTransactionOptions } from './transaction-options.ts';
import type { TransactionOptions } from './transaction-options.ts';

/**
 * The transactions of one pool, begun and ended by hand. They do not surround anything: `pool.query` does not run in them, only
 * what is asked of the transaction or its `pgClient` does.
 */
export interface TransactionClass {
  /** Begins a transaction on a client of the pool, which gets it back when the transaction ends. */
  start(options?: TransactionOptions): Promise<Transaction>;
  start(callback: Callback<Transaction>): void;
  start(options: TransactionOptions, callback: Callback<Transaction>): void;

  /**
   * Begins a transaction on a client that the caller has acquired.
   *
   * @param releaseOnCompletion gives the client back when the transaction ends, also when it cannot begin; default false
   * @throws TransactionError `TRANSACTION_ALREADY_OPEN`, PoolError `CLIENT_NOT_OURS`
   */
  startInClient(client: PoolClient, releaseOnCompletion?: boolean): Promise<Transaction>;
  startInClient(client: PoolClient, callback: Callback<Transaction>): void;
  startInClient(client: PoolClient, releaseOnCompletion: boolean, callback: Callback<Transaction>): void;

  /** For `instanceof`. */
  readonly prototype: Transaction;
  [Symbol.hasInstance](value: unknown): boolean;
}

/** @internal Where a bound transaction gets its client from. */
export interface TransactionSource extends TransactionHost {
  readonly lender: Lender;
  lend(loan?: Loan): Promise<Lease>;
}

/** @internal The class as the package itself uses it. */
export type BoundTransactionClass = TransactionClass & Pick<typeof Transaction, 'open'>;

/** @internal */
export function bindTransaction(source: TransactionSource): BoundTransactionClass {
  class BoundTransaction extends Transaction {
    static start(
      options: TransactionOptions | Callback<Transaction> = {},
      callback?: Callback<Transaction>,
    ): Promise<Transaction> | void {
      if (typeof options === 'function') return settle(start({}), options);
      return settle(start(options), callback);
    }

    static startInClient(
      client: PoolClient,
      release: boolean | Callback<Transaction> = false,
      callback?: Callback<Transaction>,
    ): Promise<Transaction> | void {
      if (typeof release === 'function') return settle(startInClient(client, false), release);
      return settle(startInClient(client, release), callback);
    }
  }

  async function start(options: TransactionOptions): Promise<Transaction> {
    checkTransactionOptions(options);
    return await begin(await source.lend({ forgettable: true }), true, options);
  }

  async function startInClient(client: PoolClient, releaseOnCompletion: boolean): Promise<Transaction> {
    return await begin(leaseOf(client, source.lender), releaseOnCompletion, {}, client);
  }

  async function begin(
    lease: Lease,
    releaseOnCompletion: boolean,
    options: TransactionOptions,
    client?: PoolClient,
  ): Promise<Transaction> {
    try {
      mustBeFree(lease);
      const boundary = new WholeTransaction(lease, options);
      const parts = { host: source, lease, boundary, options, releaseOnCompletion };
      return await BoundTransaction.open(client ? { ...parts, client } : parts);
    } catch (error) {
      if (releaseOnCompletion && !lease.released) lease.release();
      throw error;
    }
  }

  return BoundTransaction as unknown as BoundTransactionClass;
}

/** Postgres would only warn, and the COMMIT of the inner one would be that of the outer. */
function mustBeFree(lease: Lease): void {
  if (
    lease.observer === undefined &&
    (lease.released || !isInTransaction(lease.connection.transactionStatus))
  )
    return;
  throw new TransactionError(
    'TRANSACTION_ALREADY_OPEN',
    'Cannot begin a transaction: this client is in one already',
  );
}

function isInTransaction(status: string | null): boolean {
  return status === 'T' || status === 'E';
}

function settle(
  started: Promise<Transaction>,
  callback: Callback<Transaction> | undefined,
): Promise<Transaction> | void {
  if (!callback) return started;
  answer(started, callback);
}
