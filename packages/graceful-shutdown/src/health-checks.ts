import { describeError } from './describe-error.ts';
import { ShutdownError } from './errors.ts';
import { guarded, type Logger } from './logger.ts';

/**
 * Looks after one thing. Fails when it throws, rejects, returns or resolves to `false`, or does not settle in time. `signal` aborts
 * then; its reason is a `ShutdownError` with code `ERR_CHECK_TIMEOUT`.
 */
export type HealthCheck = (context: { readonly signal: AbortSignal }) => unknown;

type CheckResults = Readonly<Record<string, 'ok' | 'failed'>>;

/** Runs all checks at once, for all who ask meanwhile and for `cacheMs` after: probes must not become load. Never rejects. */
export function shareChecks(
  checks: Readonly<Record<string, HealthCheck>>,
  { timeoutMs, cacheMs, logger }: { timeoutMs: number; cacheMs: number; logger: Logger },
): () => Promise<CheckResults> {
  const log = guarded(logger);
  const unwell = new Set<string>();
  let run: Promise<CheckResults> | undefined;
  let validUntil = 0;

  return () => {
    if (run && performance.now() < validUntil) return run;
    validUntil = Infinity;
    return (run = runAll());
  };

  async function runAll(): Promise<CheckResults> {
    const all = Object.entries(checks).map(
      async ([name, check]) => [name, await result(name, check)] as const,
    );
    const results = Object.fromEntries(await Promise.all(all));
    validUntil = performance.now() + cacheMs;
    return results;
  }

  /** Logs changes only: one line when a check begins to fail, not one for each probe. */
  async function result(name: string, check: HealthCheck): Promise<'ok' | 'failed'> {
    const reason = await whyUnwell(name, check, timeoutMs);
    if (reason === undefined) {
      if (unwell.delete(name)) log.info(`Health check "${name}" is well again`);
      return 'ok';
    }
    if (!unwell.has(name)) log.warn(`Health check "${name}" failed: ${reason}`);
    unwell.add(name);
    return 'failed';
  }
}

async function whyUnwell(name: string, check: HealthCheck, limitMs: number): Promise<string | undefined> {
  const abort = new AbortController();
  const late = new ShutdownError(
    'ERR_CHECK_TIMEOUT',
    `Health check "${name}" did not finish within ${limitMs} ms`,
  );
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // Before the check hears of it and rejects in its own words.
      reject(late);
      abort.abort(late);
    }, limitMs);
  });
  try {
    // The race also takes the rejection of a check that fails after its time.
    const said = await Promise.race([(async () => check({ signal: abort.signal }))(), limit]);
    return said === false ? 'it returned false' : undefined;
  } catch (error) {
    return error === late ? `no answer within ${limitMs} ms` : describeError(error);
  } finally {
    clearTimeout(timer);
  }
}
