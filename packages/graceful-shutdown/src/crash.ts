import { currentHook } from './exit-guard.ts';
import type { CrashReport } from './report.ts';
import { listen } from './signals.ts';

/** How Node came to know of a crash. */
export type CrashOrigin = 'uncaughtException' | 'unhandledRejection';

/** Hears of everything that nobody caught; the returned functions stop listening. */
export function watchCrashes(onCrash: (crash: CrashReport) => void): (() => void)[] {
  /** A hook that crashed has failed: it is not waited for. */
  const attribute = (thrown: unknown, origin: CrashOrigin): void => {
    const hook = currentHook.getStore();
    hook?.fail(thrown);
    onCrash({ origin, thrown, ...(hook && { hook: hook.name }) });
  };
  return [
    // Its second argument is the origin: with --unhandled-rejections=strict, it may be a rejection.
    listen('uncaughtException', (thrown, origin) => attribute(thrown, origin as CrashOrigin)),
    listen('unhandledRejection', (thrown) => attribute(thrown, 'unhandledRejection')),
  ];
}
