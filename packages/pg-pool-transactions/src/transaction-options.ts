import { PoolError, TransactionError } from './errors.ts';
import { checkLimitOptions } from './limit.ts';
import { checkKeys, invalid } from './option-checks.ts';
import { checkRetries } from './options.ts';
import type { Retry } from './retry.ts';

/** From the weakest to the strictest. */
const isolationLevels = ['read committed', 'repeatable read', 'serializable'] as const;

export type Isolation = (typeof isolationLevels)[number];

/** How a transaction begins. */
export interface TransactionOptions {
  /** @default what the database has as its default, 'read committed' unless somebody changed it */
  isolation?: Isolation;
  /** Refuse everything that writes. @default false */
  readOnly?: boolean;
  /** Of a serializable, read-only transaction: wait at the start for a snapshot that can never fail. @default false */
  deferrable?: boolean;
}

const propagations = [
  'required',
  'requires-new',
  'nested',
  'supports',
  'mandatory',
  'not-supported',
  'never',
] as const;

/**
 * What a block has to do with the transaction that is already running in its async call tree:
 *
 * - `required`: joins it; begins one where there is none.
 * - `requires-new`: begins one of its own, on a second client.
 * - `nested`: a savepoint in it, that can be rolled back alone; begins one where there is none.
 * - `supports`: joins it; does without where there is none.
 * - `mandatory`: joins it; an error where there is none.
 * - `not-supported`: runs outside of it.
 * - `never`: an error if there is one.
 */
export type Propagation = (typeof propagations)[number];

/** The options of {@link Pool.transaction}. */
export interface BlockOptions extends TransactionOptions {
  /** @default 'required' */
  propagation?: Propagation;
  /**
   * How often the block is run again after Postgres has ended it for a serialization failure (40001) or a deadlock (40P01), or after
   * its connection was lost; with backoff and full jitter, and after collisions one at a time. Never when it is committed, or when
   * nobody can know. The choice is with the block that begins the transaction: one that joins is part of a whole, and only a whole
   * can run again.
   *
   * @default that of the pool, 0 unless it says otherwise
   */
  retries?: number;
  /** Is it worth another attempt after this error? @default that of the pool, the exported function of this name unless it says otherwise */
  isRetryable?: (error: unknown) => boolean;
  /** Hears of another attempt and is awaited before it, outside of the one that failed; what it throws ends the block. */
  onRetry?: (retry: Retry) => unknown;
  /**
   * How long the whole may take, in milliseconds: the wait for a client, the block, its repetitions and the COMMIT. Then the caller
   * gets `TRANSACTION_TIMEOUT` at once, what still runs is cancelled on the server, and the transaction is rolled back; what the
   * block asks later is refused. During the COMMIT it is `COMMIT_OUTCOME_UNKNOWN`. A block that joins takes the whole along.
   *
   * @default Infinity
   */
  timeoutMs?: number;
  /** Ends it like `timeoutMs`, with `ABORTED`. */
  signal?: AbortSignal;
}

/** Options of a block that may run without a transaction. */
export interface LooseBlockOptions {
  propagation: 'supports' | 'not-supported' | 'never';
}

const beginningFields = ['isolation', 'readOnly', 'deferrable'];
const blockFields = [
  ...beginningFields,
  'propagation',
  'retries',
  'isRetryable',
  'onRetry',
  'timeoutMs',
  'signal',
];

export function checkTransactionOptions(options: TransactionOptions): void {
  checkKeys(options, beginningFields);
  checkBeginning(options);
}

export function checkBlockOptions(options: BlockOptions): void {
  checkKeys(options, blockFields);
  checkLimitOptions(options);
  checkBeginning(options);
  checkRetries(options);
  const { propagation = 'required', onRetry } = options;
  if (!propagations.includes(propagation))
    throw invalid('`propagation`', `one of ${propagations.join(', ')}`, propagation);
  if (onRetry !== undefined && typeof onRetry !== 'function')
    throw invalid('`onRetry`', 'a function', onRetry);
  if (propagation === 'supports' || propagation === 'not-supported' || propagation === 'never') {
    const useless = Object.keys(options).find((key) => key !== 'propagation');
    if (useless !== undefined) {
      throw new PoolError(
        'INVALID_OPTIONS',
        `\`${useless}\` means nothing with propagation '${propagation}', which begins no transaction`,
      );
    }
  }
}

export function beginText({ isolation, readOnly, deferrable }: TransactionOptions): string {
  if (isolation === undefined && readOnly === undefined && deferrable === undefined) return 'BEGIN';
  const modes = [
    isolation && `ISOLATION LEVEL ${isolation.toUpperCase()}`,
    readOnly !== undefined && (readOnly ? 'READ ONLY' : 'READ WRITE'),
    deferrable !== undefined && (deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE'),
  ].filter((mode) => mode);
  return ['BEGIN', ...modes].join(' ');
}

/**
 * Is what a joining block asks for already given by the transaction that runs? A stricter isolation than asked for is, and so is a
 * transaction that may write for a block that only reads.
 *
 * @throws TransactionError `TRANSACTION_MISMATCH`
 */
export function checkJoin(asked: TransactionOptions, running: TransactionOptions): void {
  const mismatch = (key: keyof TransactionOptions): TransactionError =>
    new TransactionError(
      'TRANSACTION_MISMATCH',
      `Cannot join the running transaction: it has ${key} ${String(running[key] ?? 'by default')}, asked for is ${String(asked[key])}`,
    );
  if (asked.isolation && rank(asked.isolation) > rank(running.isolation)) throw mismatch('isolation');
  if (asked.readOnly === false && running.readOnly === true) throw mismatch('readOnly');
  if (asked.deferrable === true && running.deferrable !== true) throw mismatch('deferrable');
}

function rank(isolation: Isolation = 'read committed'): number {
  return isolationLevels.indexOf(isolation);
}

function checkBeginning({ isolation, readOnly, deferrable }: TransactionOptions): void {
  if (isolation !== undefined && !isolationLevels.includes(isolation)) {
    throw invalid('`isolation`', `one of ${isolationLevels.join(', ')}`, isolation);
  }
  if (readOnly !== undefined && typeof readOnly !== 'boolean')
    throw invalid('`readOnly`', 'a boolean', readOnly);
  if (deferrable !== undefined && typeof deferrable !== 'boolean')
    throw invalid('`deferrable`', 'a boolean', deferrable);
  if (deferrable === true && (isolation !== 'serializable' || readOnly !== true)) {
    throw new PoolError(
      'INVALID_OPTIONS',
      "`deferrable` means something only with isolation 'serializable' and readOnly",
    );
  }
}
