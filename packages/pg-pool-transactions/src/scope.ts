import { AsyncLocalStorage } from 'node:async_hooks';
import type { PoolDeadlockError } from './errors.ts';
import type { Lease } from './lease.ts';
import type { Transaction } from './transaction.ts';

/** What a stretch of asynchronous code holds of one pool, and what surrounds it. */
export interface Scope {
  /** The client that this stretch holds. */
  readonly lease: Lease | undefined;
  /** The transaction that it runs in; still here when that has ended, so that a late query is noticed. */
  readonly transaction: Transaction | undefined;
  readonly outer: Scope | undefined;
  /** The turn in the retry lane that this stretch has. */
  readonly turn?: Turn | undefined;
}

export interface Turn {
  over: boolean;
}

/** The scopes of one pool, along its callers' async call trees. */
export class Scopes {
  readonly #storage = new AsyncLocalStorage<Scope>();
  readonly #waiting = new Map<Scope, number>();

  get current(): Scope | undefined {
    return this.#storage.getStore();
  }

  run<T>({ lease, transaction, turn }: Omit<Scope, 'outer'>, fn: () => T): T {
    return this.#storage.run({ lease, transaction, turn, outer: this.current }, fn);
  }

  /** Outside any transaction, in a turn of the retry lane. */
  runInTurn<T>(turn: Turn, fn: () => T): T {
    return this.run({ lease: undefined, transaction: undefined, turn }, fn);
  }

  /** Outside any transaction, though not forgetting what is held. */
  runDetached<T>(fn: () => T): T {
    return this.run({ lease: undefined, transaction: undefined }, fn);
  }

  /**
   * Waits for one more client in the current scope. When every one of `max` clients is held by a scope that waits like this, none
   * can ever come back.
   *
   * @throws what `deadlock` makes, instead of beginning to wait
   */
  async waitForClient<T>(
    max: number,
    acquire: () => Promise<T>,
    deadlock: () => PoolDeadlockError,
  ): Promise<T> {
    const holders = this.#holders();
    for (const holder of holders) this.#waiting.set(holder, (this.#waiting.get(holder) ?? 0) + 1);
    try {
      const stuck = [...this.#waiting.keys()].filter((scope) => !scope.lease?.released).length;
      if (stuck >= max) throw deadlock();
      return await acquire();
    } finally {
      for (const holder of holders) this.#stopWaiting(holder);
    }
  }

  /** Does the current scope, or one around it, hold a client? */
  get holding(): boolean {
    for (let scope = this.current; scope; scope = scope.outer)
      if (scope.lease && !scope.lease.released) return true;
    return false;
  }

  get hasTurn(): boolean {
    for (let scope = this.current; scope; scope = scope.outer) if (scope.turn?.over === false) return true;
    return false;
  }

  #holders(): Scope[] {
    const holders: Scope[] = [];
    for (let scope = this.current; scope; scope = scope.outer) {
      if (scope.lease && !scope.lease.released) holders.push(scope);
    }
    return holders;
  }

  #stopWaiting(holder: Scope): void {
    const count = (this.#waiting.get(holder) ?? 1) - 1;
    if (count > 0) this.#waiting.set(holder, count);
    else this.#waiting.delete(holder);
  }
}
