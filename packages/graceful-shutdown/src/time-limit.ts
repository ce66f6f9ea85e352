import { once } from 'node:events';

/** A limit that can be brought forward, and whose end aborts a signal. */
export class TimeLimit {
  readonly #abort = new AbortController();
  readonly #reasonOf: ((limitMs: number) => unknown) | undefined;
  #endsAt = Infinity;
  #timer: NodeJS.Timeout | undefined;
  readonly signal: AbortSignal = this.#abort.signal;
  /** Resolves when the limit is over; before whoever was given the signal hears of it. */
  readonly over: Promise<unknown> = once(this.signal, 'abort');

  /** `reasonOf` tells why the signal aborts when the time is over. */
  constructor(reasonOf?: (limitMs: number) => unknown) {
    this.#reasonOf = reasonOf;
  }

  /** From here on no more than this; an earlier end stays. */
  endWithin(limitMs: number): void {
    const endsAt = performance.now() + limitMs;
    if (endsAt >= this.#endsAt) return;
    this.clear();
    this.#endsAt = endsAt;
    this.#timer = setTimeout(() => this.end(this.#reasonOf?.(limitMs)), limitMs);
  }

  end(reason?: unknown): void {
    this.#abort.abort(reason);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  /** What `work` comes to, or a rejection with the signal's reason. Also takes the rejection of work that fails later. */
  async race<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      const result = await Promise.race([(async () => work())(), this.over]);
      this.signal.throwIfAborted();
      return result as T;
    } finally {
      this.clear();
    }
  }
}
