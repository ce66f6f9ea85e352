import type { PoolClient } from './pool-client.ts';

/** Lends a client for the time of a call. */
export type Use = <T>(fn: (client: PoolClient) => T | Promise<T>) => Promise<T>;

/**
 * Makes a function that takes a client as its first argument into one that borrows it for each call: until the promise it returns
 * is settled or, where the call's last argument is a function, until that callback is called.
 */
export function pooled<A extends unknown[], R>(
  use: Use,
  fn: (client: PoolClient, ...args: A) => R | Promise<R>,
): (...args: A) => Promise<R> | void {
  return (...args) => {
    const callback: unknown = args.at(-1);
    if (typeof callback !== 'function') return use((client) => fn(client, ...args));
    const call = callback as (...results: unknown[]) => void;
    const results = use((client) =>
      untilCalledBack(client, fn as (...all: unknown[]) => unknown, args.slice(0, -1)),
    );
    results.then(
      (given) => process.nextTick(call, ...given),
      (error: unknown) => process.nextTick(call, error),
    );
    return undefined;
  };
}

/** Resolves to what the function passes to its callback, the first time; rejects when it throws before that. */
function untilCalledBack(
  client: PoolClient,
  fn: (...all: unknown[]) => unknown,
  args: unknown[],
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const done = (...results: unknown[]): void => resolve(results);
    // An async function that also takes a callback may reject instead of calling it.
    Promise.resolve(fn(client, ...args, done)).catch(reject);
  });
}
