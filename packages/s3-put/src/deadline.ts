import { Failure } from './failure.ts';
import { followSignal } from './follow-signal.ts';
import { LONGEST_TIMEOUT_MS } from './options.ts';
import { StopSignal } from './stop-signal.ts';

/** All that may end a put from outside, as one signal whose reason is the put's Failure. */
export class Deadline {
  readonly signal = new StopSignal();
  readonly #unfollow: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(user: AbortSignal | undefined) {
    if (user === undefined) return;
    const abort = (): void => {
      this.end(
        new Failure('aborted by its signal', { source: 'caller', code: 'EABORTED', cause: user.reason }),
      );
    };
    if (user.aborted) abort();
    else this.#unfollow = followSignal(user, abort);
  }

  /** Starts the total limit, once the size is known. */
  limit(totalTimeoutMs: number): void {
    this.#timer = setTimeout(() => {
      const message = `not done within ${totalTimeoutMs} ms`;
      this.end(new Failure(message, { source: 'network', code: 'ETOTALTIMEOUT', retryable: true }));
    }, totalTimeoutMs);
  }

  end(failure: Failure): void {
    this.signal.abort(failure);
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#unfollow?.();
  }
}

/** The outcome of the work, or the signal's reason as soon as it aborts: the work itself may be deaf to it for a while. */
export async function untilAborted<T>(signal: StopSignal, work: Promise<T>): Promise<T> {
  return await new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const unfollow = signal.follow(abort);
    if (signal.aborted) abort();
    work.then(resolve, (error: unknown) => reject(signal.reason ?? error)).finally(unfollow);
  });
}

/** Ten minutes, and a second more for each 256 KiB: an upload slower than that is not going to end well. */
export const totalTimeoutFor = (size: number): number =>
  Math.min(600_000 + Math.ceil(size / (256 * 1024)) * 1000, LONGEST_TIMEOUT_MS);
