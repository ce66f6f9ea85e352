import type { Holder } from './holder.ts';

/** Every code that an error of this package carries; they are stable. */
export type PoolErrorCode =
  | 'INVALID_OPTIONS'
  | 'POOL_CONNECT_FAILED'
  | 'POOL_ACQUIRE_TIMEOUT'
  | 'POOL_DEADLOCK'
  | 'POOL_QUEUE_FULL'
  | 'POOL_DRAINING'
  | 'STATEMENT_TIMEOUT'
  | 'ABORTED'
  | 'CLIENT_LOST'
  | 'CLIENT_RELEASED'
  | 'CLIENT_NOT_OURS'
  | 'CLIENT_PIPELINED'
  | 'PAYLOAD_TOO_LONG'
  | 'HANDLER_FAILED'
  | TransactionErrorCode;

/** The codes of a {@link TransactionError}. */
export type TransactionErrorCode =
  | 'TRANSACTION_ENDED'
  | 'TRANSACTION_ROLLED_BACK'
  | 'TRANSACTION_ALREADY_OPEN'
  | 'TRANSACTION_REQUIRED'
  | 'TRANSACTION_FORBIDDEN'
  | 'TRANSACTION_MISMATCH'
  | 'TRANSACTION_TIMEOUT'
  | 'COMMIT_OUTCOME_UNKNOWN'
  | 'HOOK_FAILED';

/**
 * A failure of the pool or of one of its connections. What Postgres itself answers to a statement arrives unchanged, as the
 * `DatabaseError` of `pg`, unless the connection was lost with it: then it is the `cause` of `CLIENT_LOST`.
 */
export class PoolError<Code extends PoolErrorCode = PoolErrorCode> extends Error {
  static {
    this.prototype.name = 'PoolError';
  }

  readonly code: Code;
  /** With `POOL_ACQUIRE_TIMEOUT` and `POOL_DEADLOCK`: who has the clients, as far as that was taken down, see `captureStacks`. */
  declare readonly holders?: readonly Holder[];

  constructor(code: Code, message: string, options?: ErrorOptions & { holders?: readonly Holder[] }) {
    super(message, options);
    this.code = code;
    if (options?.holders) this.holders = options.holders;
  }
}

/** Every client is held by somebody who waits for one more: waiting would never end, so it does not begin. */
export class PoolDeadlockError extends PoolError<'POOL_DEADLOCK'> {
  static {
    this.prototype.name = 'PoolDeadlockError';
  }

  constructor(message: string, holders: readonly Holder[]) {
    super('POOL_DEADLOCK', message, { holders });
  }
}

/** A failure of a transaction as a whole; `cause` is the first failure in it, where there was one. */
export class TransactionError extends PoolError<TransactionErrorCode> {
  static {
    this.prototype.name = 'TransactionError';
  }
}

const unavailable = new Set<PoolErrorCode>([
  'POOL_CONNECT_FAILED',
  'POOL_ACQUIRE_TIMEOUT',
  'POOL_QUEUE_FULL',
  'POOL_DRAINING',
  'STATEMENT_TIMEOUT',
  'TRANSACTION_TIMEOUT',
  'CLIENT_LOST',
]);

/**
 * Is the database, rather than the request, to blame? An HTTP layer answers such an error with 503. A statement outside a
 * transaction may have taken effect although its connection was lost (`CLIENT_LOST`) or its time was up (`STATEMENT_TIMEOUT`); `COMMIT_OUTCOME_UNKNOWN` is not in this
 * class, because doing the work again could do it twice.
 */
export function isUnavailable(error: unknown): error is PoolError {
  return error instanceof PoolError && unavailable.has(error.code);
}
