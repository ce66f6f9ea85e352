import { Savepoint, WholeTransaction } from './boundary.ts';
import type { BoundTransactionClass, TransactionSource } from './bound-transaction.ts';
import { TransactionError } from './errors.ts';
import type { TransactionErrorCode } from './errors.ts';
import { Limit } from './limit.ts';
import { Retries } from './retry.ts';
import type { Attempt, Retry, RetryPolicy } from './retry.ts';
import type { Transaction } from './transaction.ts';
import { checkBlockOptions, checkJoin } from './transaction-options.ts';
import type { BlockOptions, TransactionOptions } from './transaction-options.ts';
import { trace, tracing } from './tracing.ts';

/** Runs blocks of code in, around or outside of the transaction that surrounds them. */
export class Blocks {
  readonly #source: TransactionSource;
  readonly #Transaction: BoundTransactionClass;
  readonly #policy: RetryPolicy;
  readonly #retries: Retries;

  /** @param policy of those blocks that do not bring their own */
  constructor(
    source: TransactionSource,
    Transaction: BoundTransactionClass,
    policy: RetryPolicy,
    announce: (retry: Retry) => void,
  ) {
    this.#source = source;
    this.#Transaction = Transaction;
    this.#policy = policy;
    this.#retries = new Retries(source.scopes, announce);
  }

  /** Resolves when no block is left that may want a client once more. */
  settled(): Promise<void> {
    return this.#retries.settled();
  }

  /** Not an async function: each one between a caller and its transaction costs it a promise. */
  run<T>(options: BlockOptions, fn: (transaction: Transaction | undefined) => T | Promise<T>): Promise<T> {
    try {
      checkBlockOptions(options);
    } catch (error) {
      return Promise.reject(error);
    }
    const limited = options.timeoutMs !== undefined || options.signal !== undefined;
    return limited ? this.#runWithin(options, fn) : this.#run(options, fn, undefined);
  }

  async #runWithin<T>(
    options: BlockOptions,
    fn: (transaction: Transaction | undefined) => T | Promise<T>,
  ): Promise<T> {
    const { timeoutMs, signal } = options;
    const limit = Limit.of('The transaction', { timeoutMs, signal }, transactionTimedOut);
    try {
      limit?.mustNotBeReached();
      return await this.#run(options, fn, limit);
    } finally {
      limit?.end();
    }
  }

  #run<T>(
    options: BlockOptions,
    fn: (transaction: Transaction | undefined) => T | Promise<T>,
    limit: Limit | undefined,
  ): Promise<T> {
    const { scopes } = this.#source;
    const current = scopes.current?.transaction;
    switch (options.propagation ?? 'required') {
      case 'required':
        return current ? this.#join(current, options, fn, limit) : this.#begin(options, fn, limit);
      case 'requires-new':
        return this.#begin(options, fn, limit);
      case 'nested':
        return current ? this.#nest(current, options, fn, limit) : this.#begin(options, fn, limit);
      case 'supports':
        return current ? this.#join(current, options, fn, limit) : without(fn);
      case 'mandatory':
        return current
          ? this.#join(current, options, fn, limit)
          : refuse('TRANSACTION_REQUIRED', "Propagation 'mandatory' finds no transaction to join");
      case 'not-supported':
        return scopes.runDetached(() => without(fn));
      case 'never':
        break;
    }
    return !current || hasEnded(current)
      ? scopes.runDetached(() => without(fn))
      : refuse('TRANSACTION_FORBIDDEN', "Propagation 'never' finds a transaction around it");
  }

  #begin<T>(
    options: BlockOptions,
    fn: (transaction: Transaction) => T | Promise<T>,
    limit: Limit | undefined,
  ): Promise<T> {
    const { isolation, readOnly, deferrable, retries = this.#policy.retries } = options;
    const beginning: TransactionOptions = {};
    if (isolation !== undefined) beginning.isolation = isolation;
    if (readOnly !== undefined) beginning.readOnly = readOnly;
    if (deferrable !== undefined) beginning.deferrable = deferrable;
    if (retries === 0 && !tracing.transaction.hasSubscribers) return this.#attempt(beginning, fn, limit);
    let latest: Attempt | undefined;
    const attempt = (made?: Attempt): Promise<T> => {
      latest = made;
      return trace(tracing.transaction, this.#source.lender.attributes, () =>
        this.#attempt(beginning, fn, limit, made),
      );
    };
    if (retries === 0) return attempt();
    const { isRetryable = this.#policy.isRetryable, onRetry } = options;
    const repeated = this.#retries.run({ retries, isRetryable, onRetry }, attempt, limit);
    return (
      limit?.orReached(repeated, (error) => {
        const transaction = latest?.transaction;
        return transaction ? transaction.expire(error) : error;
      }) ?? repeated
    );
  }

  async #attempt<T>(
    options: TransactionOptions,
    fn: (transaction: Transaction) => T | Promise<T>,
    limit: Limit | undefined,
    attempt?: Attempt,
  ): Promise<T> {
    limit?.mustNotBeReached();
    const lease = await this.#source.lend({ limit, admitted: attempt?.again });
    const boundary = new WholeTransaction(lease, options, limit);
    const host = this.#source;
    let transaction: Transaction;
    try {
      transaction = await this.#Transaction.open({
        host,
        lease,
        boundary,
        options,
        releaseOnCompletion: true,
      });
    } catch (error) {
      lease.release();
      throw error;
    }
    if (attempt) attempt.transaction = transaction;
    return await host.scopes.run({ lease, transaction }, () =>
      within(limit, transaction, complete(transaction, fn)),
    );
  }

  /** When a part fails, what it has done so far must not be committed with the rest, even if its caller goes on. */
  async #join<T>(
    current: Transaction,
    options: TransactionOptions,
    fn: (transaction: Transaction) => T | Promise<T>,
    limit: Limit | undefined,
  ): Promise<T> {
    mustRun(current);
    checkJoin(options, current.options);
    try {
      return await within(limit, current, fn(current));
    } catch (error) {
      current.doom(error);
      throw error;
    }
  }

  async #nest<T>(
    current: Transaction,
    options: TransactionOptions,
    fn: (transaction: Transaction) => T | Promise<T>,
    limit: Limit | undefined,
  ): Promise<T> {
    mustRun(current);
    checkJoin(options, current.options);
    return await current.nest(async (lease) => {
      const transaction = await this.#Transaction.open({
        host: this.#source,
        lease,
        boundary: new Savepoint(lease, limit),
        options: current.options,
        releaseOnCompletion: false,
        outer: current,
      });
      return await this.#source.scopes.run({ lease: undefined, transaction }, () =>
        within(limit, transaction, complete(transaction, fn)),
      );
    }, limit);
  }
}

async function without<T>(fn: (transaction: undefined) => T | Promise<T>): Promise<T> {
  return await fn(undefined);
}

function refuse(code: TransactionErrorCode, message: string): Promise<never> {
  return Promise.reject(new TransactionError(code, message));
}

/** Waits for what runs in a transaction for as long as the limit lets it. */
function within<T>(
  limit: Limit | undefined,
  transaction: Transaction,
  running: T | Promise<T>,
): T | Promise<T> {
  if (!limit) return running;
  return limit.orReached(Promise.resolve(running), (error) => transaction.expire(error));
}

function transactionTimedOut(timeoutMs: number): TransactionError {
  return new TransactionError('TRANSACTION_TIMEOUT', `The transaction did not end within ${timeoutMs} ms`);
}

/** Runs the block and ends its transaction, unless the block has done so itself. */
async function complete<T>(
  transaction: Transaction,
  fn: (transaction: Transaction) => T | Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await fn(transaction);
  } catch (error) {
    await transaction.abandon();
    throw error;
  }
  if (transaction.state === 'active') await transaction.commit();
  return result;
}

function mustRun(transaction: Transaction): void {
  if (transaction.state === 'active') return;
  throw new TransactionError(
    'TRANSACTION_ENDED',
    `The transaction around this block is ${transaction.state}: it goes on although its caller did not wait for it`,
  );
}

function hasEnded({ state }: Transaction): boolean {
  return state === 'committed' || state === 'rolled back' || state === 'in doubt';
}
