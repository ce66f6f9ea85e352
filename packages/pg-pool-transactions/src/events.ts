import type { PoolError } from './errors.ts';
import type { Holder } from './holder.ts';
import type { Retry } from './retry.ts';

/** The events of a pool. None of them has to be listened to; whoever is concerned by a failure gets it as a rejection too. */
export interface PoolEvents {
  /** A connection is there. */
  connect: [{ processId: number | null }];
  /** An attempt to connect has failed. */
  connectError: [PoolError];
  /** A connection has died, idle or borrowed; it is never lent again. */
  clientLost: [PoolError];
  /**
   * A connection is closed: 'idle', 'expired', 'drain', 'lost', 'in transaction', 'rollback failed', 'cursor left open', 'released
   * with an error', 'listen failed', or 'reset failed: ' and why.
   */
  remove: [{ processId: number | null; reason: string }];
  /**
   * A client, or a transaction begun by hand, was collected as garbage before it was given back. The pool has its connection
   * again. Without a listener it becomes a process warning.
   */
  leak: [Holder];
  /** A client is out for `heldTooLongMs`, once for each borrow; nothing is taken away. Without a listener it becomes a process warning. */
  heldTooLong: [Holder];
  /** A transaction is about to be tried again. */
  retry: [Retry];
  /** An after-commit or after-rollback hook has failed. Without a listener it becomes a process warning. */
  hookError: [PoolError];
  /** What `pool.listen` was given has failed. Without a listener it becomes a process warning. */
  handlerError: [PoolError];
}

/** @internal Tells whoever listens to an event. */
export type Announce = <E extends keyof PoolEvents>(event: E, ...args: PoolEvents[E]) => void;
