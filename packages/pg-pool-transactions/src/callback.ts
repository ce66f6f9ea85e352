/** Node's convention: the error first, else null. */
export type Callback<T> = (error: Error | null, value?: T) => void;

/**
 * Answers a callback with the outcome of a promise. On the next tick, so that what the callback throws is an uncaught
 * exception, as with every callback of Node, and not a rejection of ours; the tick keeps the caller's async context.
 */
export function answer<T>(promise: Promise<T>, callback: Callback<T>): void {
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  );
}

/**
 * A callback that calls the given one, once, with the same arguments, as soon as what `end` begins has ended; if that fails, with
 * its error.
 */
export function endingFirst<E, A extends unknown[]>(
  end: (failed: boolean) => Promise<void>,
  callback: (error: E, ...results: A) => void,
): (error: E, ...results: A) => void {
  const call = callback as (error: unknown, ...results: unknown[]) => void;
  let called = false;
  return (failure, ...results) => {
    if (called) return;
    called = true;
    end(failure !== null && failure !== undefined).then(
      () => process.nextTick(call, failure, ...results),
      (endFailure: unknown) => process.nextTick(call, endFailure),
    );
  };
}
