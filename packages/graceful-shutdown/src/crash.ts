import { currentHook } from './exit-guard.ts';
import type { CrashReport } from './report.ts';

/** How Node came to know of a crash. */
export type CrashOrigin = 'uncaughtException' | 'unhandledRejection';

/** Hears of everything that nobody caught; the returned function stops listening. */
export function watchCrashes(onCrash: (crash: CrashReport) => void): () => void {
  const onException = (thrown: unknown, origin: CrashOrigin): void => onCrash(attribute(origin, thrown));
  const onRejection = (reason: unknown): void => onCrash(attribute('unhandledRejection', reason));
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}

/** A hook that crashed has failed: it is not waited for. */
function attribute(origin: CrashOrigin, thrown: unknown): CrashReport {
  const hook = currentHook();
  hook?.fail(thrown);
  return { origin, thrown, ...(hook && { hook: hook.name }) };
}

/** Hears of process warnings; the returned function stops listening. Node prints them too, unless started with --no-warnings. */
export function watchWarnings(onWarning: (warning: Error) => void): () => void {
  process.on('warning', onWarning);
  return () => process.off('warning', onWarning);
}
