/** How Node came to know of a crash. */
export type CrashOrigin = 'uncaughtException' | 'unhandledRejection';

/** Hears of everything that nobody caught; the returned function stops listening. */
export function watchCrashes(onCrash: (origin: CrashOrigin, thrown: unknown) => void): () => void {
  const onException = (thrown: unknown, origin: CrashOrigin): void => onCrash(origin, thrown);
  const onRejection = (reason: unknown): void => onCrash('unhandledRejection', reason);
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
