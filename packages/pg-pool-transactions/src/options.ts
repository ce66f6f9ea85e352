import { Client } from 'pg';
import type { ClientConfig } from 'pg';
import type { CaptureStacks } from './borrowers.ts';
import { clientMaker } from './client-maker.ts';
import { checkKeys, invalid, isTimerDelay, longestMs } from './option-checks.ts';
import { logToConsole } from './log.ts';
import type { Log } from './log.ts';
import { isRetryable } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { Reset } from './session-reset.ts';
import type { TraceAttributes } from './tracing.ts';

/** The fields of pg's `ClientConfig` that are handed to every connection as they are. */
const connectionFields = [
  'connectionString',
  'host',
  'port',
  'user',
  'password',
  'database',
  'ssl',
  'sslnegotiation',
  'enableChannelBinding',
  'keepAlive',
  'keepAliveInitialDelayMillis',
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'options',
  'types',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
] as const satisfies (keyof ClientConfig)[];

/** Where to connect, in the words of pg; what is not given comes from the environment (`PGHOST` and so on) as in pg. */
export type ConnectionOptions = Pick<ClientConfig, (typeof connectionFields)[number]>;

/** The options of {@link createPool}. TCP keep-alive is on unless `keepAlive` is false. */
export interface PoolOptions extends ConnectionOptions {
  /**
   * The class of the connections: pg's own or one derived from it. Not that of pg-native, which leaves the connection to libpq.
   *
   * @default the `Client` of pg
   */
  Client?: typeof Client;
  /** Names the pool in its errors and its log. @default 'postgres' */
  name?: string;
  /** The most connections at a time. @default 10 */
  max?: number;
  /** Connections that are kept open although nobody needs them. @default 0 */
  min?: number;
  /** A connection beyond `min` that nobody has used for so long is closed, at the latest a quarter later. @default 30_000 */
  idleTimeoutMs?: number;
  /**
   * A connection that is so old is replaced: when it is idle, or else when it comes back. Up to a quarter earlier, by chance, so
   * that connections that were opened together are not replaced together; at the latest a quarter or 5 s later. `Infinity` for
   * never. Half an hour, as with HikariCP: it costs next to nothing, ends the growth of the server's processes, and
   * lets a pool find its way to a new server behind the same name.
   *
   * @default 1_800_000
   */
  maxLifetimeMs?: number;
  /** How many callers may wait for a client when `max` are out, before `POOL_QUEUE_FULL`. @default Infinity */
  maxWaiting?: number;
  /** How long a caller waits for a client, `Infinity` for ever, before `POOL_ACQUIRE_TIMEOUT`. @default 30_000 */
  acquireTimeoutMs?: number;
  /**
   * Whoever has a client for so long is reported by a `heldTooLong` event, at the latest a quarter later. Nothing is taken away.
   *
   * @default Infinity
   */
  heldTooLongMs?: number;
  /**
   * When to keep the stack of each call that takes a client, for the `leak` and `heldTooLong` events and the `holders` of
   * `POOL_ACQUIRE_TIMEOUT` and `POOL_DEADLOCK`: always, never, or from the first of these on. A stack costs as much as ten
   * borrows and more.
   *
   * @default 'on suspicion'
   */
  captureStacks?: CaptureStacks;
  /**
   * Resets the session (what SET, LISTEN, temporary tables and advisory locks have left) whenever a client comes back, before the
   * next one gets it: true for `DISCARD ALL`, or other SQL, or a function. It costs a round trip each time and the handover at
   * COMMIT. A connection with which it fails, or takes longer than `connectTimeoutMs`, is closed.
   *
   * @default false
   */
  resetOnRelease?: boolean | string | Reset;
  /** How long one attempt to connect may take, authentication included. @default 10_000 */
  connectTimeoutMs?: number;
  /**
   * How long each statement may take from when its client is asked, COMMIT included, before `STATEMENT_TIMEOUT`; it is cancelled on
   * the server then. One statement's own limit is its `timeoutMs`.
   *
   * @default Infinity
   */
  statementTimeoutMs?: number;
  /**
   * Statements that are asked in parallel are written without waiting for the answers to those before, and the BEGIN of a
   * transaction goes with its first statement, in one round trip. Without it, every statement is a round trip of its own.
   *
   * @default true
   */
  pipeline?: boolean;
  /** The `retries` of transactions that do not say otherwise. @default 0 */
  retries?: number;
  /** The `isRetryable` of transactions that do not say otherwise. @default the exported function of this name */
  isRetryable?: (error: unknown) => boolean;
  /** Gets a line for each event of the pool; true: onto standard error. @default false */
  log?: boolean | Log;
}

/** What is left of the options once they are checked. */
export interface PoolSettings {
  readonly name: string;
  readonly max: number;
  readonly min: number;
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  readonly maxWaiting: number;
  readonly acquireTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly heldTooLongMs: number;
  readonly captureStacks: CaptureStacks;
  readonly reset: Reset | undefined;
  readonly retryPolicy: RetryPolicy;
  readonly log: Log | undefined;
  /** Makes a client that is not yet connected. */
  readonly makeClient: () => Client;
  readonly pipeline: boolean;
  /** Where the server is, and the name of the pool, for traces. */
  readonly attributes: TraceAttributes;
}

const ownFields = [
  'Client',
  'name',
  'max',
  'min',
  'idleTimeoutMs',
  'maxLifetimeMs',
  'maxWaiting',
  'acquireTimeoutMs',
  'heldTooLongMs',
  'captureStacks',
  'resetOnRelease',
  'connectTimeoutMs',
  'statementTimeoutMs',
  'pipeline',
  'retries',
  'isRetryable',
  'log',
];

export function checkPoolOptions(options: PoolOptions): PoolSettings {
  if (typeof options !== 'object' || options === null) throw invalid('the options', 'an object', options);
  checkKeys(options, [...ownFields, ...connectionFields]);
  const { name = 'postgres', max = 10, min = 0, maxWaiting = Infinity } = options;
  if (typeof name !== 'string' || name === '') throw invalid('`name`', 'a string that is not empty', name);
  if (!Number.isInteger(max) || max < 1) throw invalid('`max`', 'a positive integer', max);
  if (!Number.isInteger(min) || min < 0 || min > max)
    throw invalid('`min`', `an integer from 0 to ${max}`, min);
  if (maxWaiting !== Infinity && (!Number.isInteger(maxWaiting) || maxWaiting < 0))
    throw invalid('`maxWaiting`', 'an integer from 0, or Infinity', maxWaiting);

  const { captureStacks = 'on suspicion', pipeline = true } = options;
  if (typeof captureStacks !== 'boolean' && captureStacks !== 'on suspicion')
    throw invalid('`captureStacks`', "a boolean or 'on suspicion'", captureStacks);
  if (typeof pipeline !== 'boolean') throw invalid('`pipeline`', 'a boolean', pipeline);
  checkRetries(options);
  const { log = false } = options;
  if (typeof log !== 'boolean' && typeof log !== 'function')
    throw invalid('`log`', 'a boolean or a function', log);

  const connectTimeoutMs = duration('connectTimeoutMs', options.connectTimeoutMs ?? 10_000);
  const connection = {
    keepAlive: true,
    ...Object.fromEntries(
      connectionFields.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
    ),
    pipeline,
    connectionTimeoutMillis: connectTimeoutMs,
  };
  return {
    name,
    max,
    min,
    idleTimeoutMs: durationOrNever('idleTimeoutMs', options.idleTimeoutMs ?? 30_000),
    maxLifetimeMs: durationOrNever('maxLifetimeMs', options.maxLifetimeMs ?? 30 * 60_000),
    maxWaiting,
    acquireTimeoutMs: durationOrNever('acquireTimeoutMs', options.acquireTimeoutMs ?? 30_000),
    connectTimeoutMs,
    statementTimeoutMs: durationOrNever('statementTimeoutMs', options.statementTimeoutMs ?? Infinity),
    heldTooLongMs: durationOrNever('heldTooLongMs', options.heldTooLongMs ?? Infinity),
    captureStacks,
    reset: resetBy(options.resetOnRelease ?? false),
    retryPolicy: {
      retries: options.retries ?? 0,
      isRetryable: options.isRetryable ?? isRetryable,
      onRetry: undefined,
    },
    log: log === true ? logToConsole : log || undefined,
    ...clientMaker(options.Client === undefined ? Client : options.Client, connection, name),
    pipeline,
  };
}

export function checkRetries({
  retries,
  isRetryable: judge,
}: Pick<PoolOptions, 'retries' | 'isRetryable'>): void {
  if (retries !== undefined && (!Number.isInteger(retries) || retries < 0))
    throw invalid('`retries`', 'an integer from 0 up', retries);
  if (judge !== undefined && typeof judge !== 'function') throw invalid('`isRetryable`', 'a function', judge);
}

function resetBy(resetOnRelease: boolean | string | Reset): Reset | undefined {
  if (typeof resetOnRelease === 'function') return resetOnRelease;
  if (typeof resetOnRelease === 'string' && resetOnRelease !== '')
    return (client) => client.query(resetOnRelease);
  if (typeof resetOnRelease === 'boolean')
    return resetOnRelease ? (client) => client.query('DISCARD ALL') : undefined;
  throw invalid('`resetOnRelease`', 'a boolean, SQL or a function', resetOnRelease);
}

function durationOrNever(key: string, value: unknown): number {
  return value === Infinity ? Infinity : duration(key, value);
}

function duration(key: string, value: unknown): number {
  if (isTimerDelay(value)) return value;
  throw invalid(
    `\`${key}\``,
    typeof value === 'number' && value > longestMs ? `at most ${longestMs}` : 'a positive number',
    value,
  );
}
