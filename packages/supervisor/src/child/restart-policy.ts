import { nowMs } from '../clock.ts';
import type { RestartOptions } from '../options/options.ts';

/** How long to wait before a child that ended is started again, and when to give up. */
export class RestartPolicy {
  readonly #options: Required<RestartOptions>;
  #restarts: number[] = [];
  #inARow = 0;

  constructor(options: Required<RestartOptions>) {
    this.#options = options;
  }

  /** The wait in ms, or undefined when this restart would be one too many. `readyForMs`: how long the child did its work. */
  next(readyForMs: number, now = nowMs()): number | undefined {
    const { initialDelayMs, maxDelayMs, jitter, resetAfterMs, maxRestarts, windowMs } = this.#options;
    this.#restarts = this.#restarts.filter((at) => now - at < windowMs);
    if (this.#restarts.length >= maxRestarts) return undefined;
    this.#restarts.push(now);
    if (readyForMs >= resetAfterMs) this.#inARow = 0;
    const full = this.#inARow === 0 ? 0 : Math.min(maxDelayMs, initialDelayMs * 2 ** (this.#inARow - 1));
    this.#inARow += 1;
    return Math.round(full * (1 - jitter * Math.random()));
  }
}
