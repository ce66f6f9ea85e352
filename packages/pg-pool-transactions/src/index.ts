export { createPool } from './pool.ts';
export type { Pool } from './pool.ts';
export type { PoolStats } from './pool-stats.ts';
export type { ConnectionOptions, PoolOptions } from './options.ts';
export type { Holder } from './holder.ts';
export type { CaptureStacks } from './borrowers.ts';
export type { Reset } from './session-reset.ts';
export type { PoolEvents } from './events.ts';
export type { Log } from './log.ts';
export type { ConnectCallback, PoolClient } from './pool-client.ts';
export type { BatchFunction, ClientQueryFunction, QueryFunction } from './queryable.ts';
export type { Callback } from './callback.ts';
export type { ListenOptions, NotificationHandler, Subscription } from './listener.ts';
export type { Notification } from './notification.ts';
export type { TransactionClass } from './bound-transaction.ts';
export type { Transaction } from './transaction.ts';
export type { TransactionState } from './transaction-state.ts';
export type {
  BlockOptions,
  Isolation,
  LooseBlockOptions,
  Propagation,
  TransactionOptions,
} from './transaction-options.ts';
export type { Hook } from './hooks.ts';
export { isRetryable } from './retry.ts';
export type { Retry } from './retry.ts';
export type { ReleaseMessage, TraceAttributes, TraceMessage } from './tracing.ts';
export { isUnavailable, PoolDeadlockError, PoolError, TransactionError } from './errors.ts';
export type { PoolErrorCode, TransactionErrorCode } from './errors.ts';
