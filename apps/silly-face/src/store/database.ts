import {
  type BlockOptions,
  createPool,
  isUnavailable,
  type Pool,
  PoolError,
  type PoolOptions,
} from '@silly-face/pg-pool-transactions';
import { DatabaseError, type QueryResult, type QueryResultRow } from 'pg';
import { DatabaseTimeout } from './deadline.ts';

export type { PoolStats } from '@silly-face/pg-pool-transactions';

/** Inside `db.transaction` every `db.query` of the same call tree belongs to the transaction. */
export interface Database {
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>;
  transaction<Result>(work: Work<Result>): Promise<Result>;
  transaction<Result>(options: TransactionOptions, work: Work<Result>): Promise<Result>;
}

export type TransactionOptions = Pick<BlockOptions, 'retries' | 'timeoutMs' | 'signal'>;
export type Work<Result> = () => Promise<Result>;

/**
 * How long a request waits for a statement, or for a transaction as a whole. A server that hangs is met once: the first that
 * gets no answer ends the request, while its client, who gives up after ten seconds, still waits.
 */
export const ANSWER_MS = 5000;

/** In place of those that serve requests. */
export type DatabaseOptions = Pick<
  PoolOptions,
  | 'application_name'
  | 'max'
  | 'connectTimeoutMs'
  | 'acquireTimeoutMs'
  | 'statementTimeoutMs'
  | 'lock_timeout'
  | 'statement_timeout'
  | 'idle_in_transaction_session_timeout'
>;

/**
 * Connects with the first query. Each limit of a caller ends before ANSWER_MS: it says what was wrong, and leaves nothing in doubt.
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): Pool {
  return createPool({
    connectionString: url,
    application_name: 'silly-face api',
    connectTimeoutMs: 2500,
    acquireTimeoutMs: 3500,
    lock_timeout: 3000,
    statement_timeout: 4500,
    // The caller has gone by then: it is the connection that is given up, to a server that may have vanished with all its packets.
    statementTimeoutMs: ANSWER_MS + 1000,
    // A host that vanishes in the middle of a transaction would keep its locks until TCP gives up, hours later.
    idle_in_transaction_session_timeout: ANSWER_MS,
    ...options,
  });
}

/** Not the request, but the database is to blame, and the same request may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (isUnavailable(error) || isOutcomeUnknown(error)) return true;
  return error instanceof DatabaseError && BUSY.has(error.code ?? '');
}

/**
 * The connection was lost between COMMIT and its answer, or nobody waited for the answer: the transaction is there or it is not.
 * With an Idempotency-Key it is safe to ask again.
 */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof DatabaseTimeout) return true;
  return error instanceof PoolError && error.code === 'COMMIT_OUTCOME_UNKNOWN';
}

/** Deadlock and serialization failure in spite of all repetitions; lock_timeout; statement_timeout. */
const BUSY: ReadonlySet<string> = new Set(['40P01', '40001', '55P03', '57014']);
