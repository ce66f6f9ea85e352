import type { Boundary } from './boundary.ts';
import type { TransactionError } from './errors.ts';
import type { Lease } from './lease.ts';
import type { PoolClient } from './pool-client.ts';
import type { Scopes } from './scope.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionOptions } from './transaction-options.ts';

/** @internal What a transaction needs of its pool. */
export interface TransactionHost {
  readonly scopes: Scopes;
  hookFailed(error: TransactionError): void;
}

/** @internal */
export interface TransactionParts {
  readonly host: TransactionHost;
  readonly lease: Lease;
  readonly boundary: Boundary;
  readonly options: TransactionOptions;
  readonly releaseOnCompletion: boolean;
  /** The borrower's own handle, where there is one. */
  readonly client?: PoolClient;
  /** The transaction in which this is a savepoint. */
  readonly outer?: Transaction;
}
