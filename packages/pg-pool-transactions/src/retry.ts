import { setTimeout as sleep } from 'node:timers/promises';
import { PoolError } from './errors.ts';
import type { Limit } from './limit.ts';
import { RetryLane } from './retry-lane.ts';
import type { Scopes } from './scope.ts';
import type { Transaction } from './transaction.ts';

/** Serialization failure and deadlock: Postgres has rolled back, and the same work may succeed the next time. */
const conflicts = new Set<unknown>(['40001', '40P01']);

const firstMs = 10;
const longestMs = 1_000;

/** One more attempt that is about to be made. */
export interface Retry {
  /** 1 for the first repetition. */
  readonly attempt: number;
  readonly delayMs: number;
  /** What the attempt before has failed with. */
  readonly error: unknown;
}

/** @internal When a block runs again. */
export interface RetryPolicy {
  readonly retries: number;
  readonly isRetryable: (error: unknown) => boolean;
  readonly onRetry: ((retry: Retry) => unknown) | undefined;
}

/** @internal One run of a block. */
export interface Attempt {
  /** Has this pool admitted the block before, so that it is no new caller? */
  readonly again: boolean;
  /** Set as soon as it has begun. */
  transaction: Transaction | undefined;
}

/** The blocks of one pool that may run more than once. */
export class Retries {
  readonly #lane: RetryLane;
  readonly #announce: (retry: Retry) => void;
  #unsettled = 0;
  #whenSettled: (() => void) | undefined;

  constructor(scopes: Scopes, announce: (retry: Retry) => void) {
    this.#lane = new RetryLane(scopes);
    this.#announce = announce;
  }

  /** @param limit ends the repetitions; whoever waits for them is answered by somebody else then */
  async run<T>(policy: RetryPolicy, run: (attempt: Attempt) => Promise<T>, limit?: Limit): Promise<T> {
    this.#unsettled++;
    try {
      return await this.#repeat(policy, run, limit);
    } finally {
      this.#unsettled--;
      if (this.#unsettled === 0) this.#whenSettled?.();
    }
  }

  /** Resolves when no such block is in an attempt, or between two. */
  async settled(): Promise<void> {
    if (this.#unsettled === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenSettled = resolve;
    });
  }

  async #repeat<T>(policy: RetryPolicy, run: (attempt: Attempt) => Promise<T>, limit?: Limit): Promise<T> {
    let inTurn = false;
    for (let number = 1; ; number++) {
      const attempt: Attempt = { again: number > 1, transaction: undefined };
      try {
        return await (inTurn ? this.#lane.run(() => run(attempt)) : run(attempt));
      } catch (error) {
        if (number > policy.retries || !mayRepeat(attempt, error)) throw error;
        limit?.mustNotBeReached();
        if (!policy.isRetryable(error)) throw error;
        // Full jitter: those who have just collided must not meet again.
        const delayMs = Math.random() * Math.min(longestMs, firstMs * 2 ** number);
        const retry: Retry = { attempt: number, delayMs, error };
        await policy.onRetry?.(retry);
        this.#announce(retry);
        await pause(delayMs, limit);
        // Who has lost a connection, or has got none, has not collided with anybody.
        const code = decisiveCode(error);
        inTurn = code === undefined || conflicts.has(code);
      }
    }
  }
}

async function pause(ms: number, limit: Limit | undefined): Promise<void> {
  const end = new AbortController();
  const wakeUp = limit?.whenReached(() => end.abort());
  await sleep(ms, undefined, { signal: end.signal });
  wakeUp?.();
}

/**
 * What is tried again unless the options say otherwise: serialization failures (40001), deadlocks (40P01) and connections that were
 * lost before COMMIT was sent (`CLIENT_LOST`). Also when the block has wrapped the error, or has swallowed it so that the COMMIT was
 * refused.
 */
export function isRetryable(error: unknown): boolean {
  const code = decisiveCode(error);
  return code === 'CLIENT_LOST' || conflicts.has(code);
}

/**
 * Is it certain that nothing of the attempt is committed, nor of one within it that went for itself, and does the pool still take
 * the block?
 */
function mayRepeat({ transaction }: Attempt, error: unknown): boolean {
  if (transaction && transaction.state !== 'rolled back') return false;
  const code = decisiveCode(error);
  return code !== 'COMMIT_OUTCOME_UNKNOWN' && code !== 'POOL_DRAINING';
}

/** The code of the first error along the causes that says more than that something was rolled back. */
function decisiveCode(error: unknown): unknown {
  let cause = error;
  for (let depth = 0; cause instanceof Error && depth < 10; depth++) {
    const { code } = cause as { code?: unknown };
    if (conflicts.has(code)) return code;
    if (cause instanceof PoolError && code !== 'TRANSACTION_ROLLED_BACK') return code;
    cause = cause.cause;
  }
  return undefined;
}
