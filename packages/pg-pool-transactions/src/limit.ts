import { setMaxListeners } from 'node:events';
import { invalid, isTimerDelay } from './option-checks.ts';
import { PoolError } from './errors.ts';

/** What may end a caller's wait before there is an answer. */
export interface LimitOptions {
  /** How long the caller waits, in milliseconds. */
  timeoutMs?: number | undefined;
  /** Ends the wait with `ABORTED`, whose cause is the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The end of a caller's patience: by the clock or by its own signal. */
export class Limit {
  /**
   * @param what is limited, for the message
   * @returns undefined where nothing limits
   */
  static of(
    what: string,
    { timeoutMs, signal }: LimitOptions,
    timeoutError?: (timeoutMs: number) => PoolError,
  ): Limit | undefined {
    return timeoutMs === undefined && signal === undefined
      ? undefined
      : new Limit(what, timeoutMs, signal, timeoutError);
  }

  readonly #what: string;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Most limits tell one, and are never reached. */
  #told: ((error: PoolError) => void)[] = [];
  #error: PoolError | undefined;

  private constructor(
    what: string,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
    timeoutError: ((timeoutMs: number) => PoolError) | undefined,
  ) {
    this.#what = what;
    this.#signal = signal;
    if (timeoutMs !== undefined && timeoutError)
      this.#timer = setTimeout(() => this.#reach(timeoutError(timeoutMs)), timeoutMs);
    if (!signal) return;
    // Many statements may have one signal: Node would take their listeners for a leak.
    setMaxListeners(0, signal);
    if (signal.aborted) this.#abort();
    else signal.addEventListener('abort', this.#abort);
  }

  get reached(): boolean {
    return this.#error !== undefined;
  }

  /** @throws the error of the limit, if it is reached */
  mustNotBeReached(): void {
    if (this.#error) throw this.#error;
  }

  /** Tells at once if it is reached already. @returns what stops the telling; without it, `tell` is kept until the limit ends */
  whenReached(tell: (error: PoolError) => void): () => void {
    if (this.#error) tell(this.#error);
    else this.#told.push(tell);
    return () => {
      this.#told = this.#told.filter((each) => each !== tell);
    };
  }

  /**
   * Settles as the promise does, unless the limit is reached first.
   *
   * @param judge what is to be thrown then; nothing to wait on
   */
  async orReached<T>(
    promise: Promise<T>,
    judge = (error: PoolError): PoolError | undefined => error,
  ): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      this.whenReached((reached) => {
        const error = judge(reached);
        if (error) reject(error);
      });
      promise.then(resolve, reject);
    });
  }

  /** Nobody waits any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#told = [];
  }

  readonly #abort = (): void => {
    const cause: unknown = this.#signal?.reason;
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#reach(new PoolError('ABORTED', `${this.#what} was given up by its caller: ${why}`, { cause }));
  };

  #reach(error: PoolError): void {
    if (this.#error) return;
    this.#error = error;
    const told = this.#told;
    this.end();
    for (const tell of told) tell(error);
  }
}

/** @throws PoolError `INVALID_OPTIONS` */
export function checkLimitOptions({ timeoutMs, signal }: LimitOptions): void {
  if (timeoutMs !== undefined && !isTimerDelay(timeoutMs))
    throw invalid('`timeoutMs`', 'a positive number that a timer can wait for', timeoutMs);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('`signal`', 'an AbortSignal', signal);
}
