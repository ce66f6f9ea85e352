import { describeError } from './describe-error.ts';
import { unfinished } from './errors.ts';
import { type Logger, sayThrough } from './logger.ts';
import { newTimeLimit } from './time-limit.ts';

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
  const say = sayThrough(logger);
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
      if (unwell.delete(name)) say('info', `Health check "${name}" is well again`);
      return 'ok';
    }
    if (!unwell.has(name)) say('warn', `Health check "${name}" failed: ${reason}`);
    unwell.add(name);
    return 'failed';
  }
}

async function whyUnwell(name: string, check: HealthCheck, limitMs: number): Promise<string | undefined> {
  const limit = newTimeLimit(() => unfinished('ERR_CHECK_TIMEOUT', `Health check "${name}"`, limitMs));
  limit.endWithin(limitMs);
  try {
    const said = await limit.race(() => check({ signal: limit.signal }));
    return said === false ? 'it returned false' : undefined;
  } catch (error) {
    return limit.signal.aborted ? `no answer within ${limitMs} ms` : describeError(error);
  }
}
