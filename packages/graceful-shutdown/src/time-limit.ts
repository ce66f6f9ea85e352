import { once } from 'node:events';

/** A limit that can be brought forward, and whose end aborts a signal. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Resolves when the limit is over; before whoever was given the signal hears of it. */
  readonly over: Promise<unknown>;
  /** From here on no more than this; an earlier end stays. */
  endWithin(limitMs: number): void;
  end(reason?: unknown): void;
  clear(): void;
  /** What `work` comes to, or a rejection with the signal's reason. Also takes the rejection of work that fails later. */
  race<T>(work: () => T | Promise<T>): Promise<T>;
}

/** `reasonOf` tells why the signal aborts when the time is over. */
export function newTimeLimit(reasonOf?: (limitMs: number) => unknown): TimeLimit {
  const abort = new AbortController();
  const { signal } = abort;
  const over = once(signal, 'abort');
  let endsAt = Infinity;
  let timer: NodeJS.Timeout | undefined;

  const end = (reason?: unknown): void => abort.abort(reason);
  const clear = (): void => clearTimeout(timer);

  return {
    signal,
    over,
    endWithin(limitMs) {
      const mayEndAt = performance.now() + limitMs;
      if (mayEndAt >= endsAt) return;
      clear();
      endsAt = mayEndAt;
      timer = setTimeout(() => end(reasonOf?.(limitMs)), limitMs);
    },
    end,
    clear,
    async race<T>(work: () => T | Promise<T>) {
      try {
        const result = await Promise.race([(async () => work())(), over]);
        signal.throwIfAborted();
        return result as T;
      } finally {
        clear();
      }
    },
  };
}
