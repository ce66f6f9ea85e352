import { describeError } from './describe-error.ts';
import { ShutdownError } from './errors.ts';
import { guarded, type Logger } from './logger.ts';

/**
 * Looks after one thing. Fails when it throws, rejects, returns or resolves to `false`, or does not settle in time. `signal` aborts
 * then; its reason is a `ShutdownError` with code `ERR_CHECK_TIMEOUT`.
 */
export type HealthCheck = (context: { readonly signal: AbortSignal }) => unknown;

type CheckResult = 'ok' | 'failed' | 'timed-out';

interface CheckSettings {
  readonly timeoutMs: number;
  readonly cacheMs: number;
  readonly logger: Logger;
}

/** Runs all checks at once, for all who ask meanwhile and for `cacheMs` after: probes must not become load. */
export class HealthChecks {
  readonly #checks: readonly [string, HealthCheck][];
  readonly #timeoutMs: number;
  readonly #cacheMs: number;
  readonly #logger: Logger;
  readonly #unwell = new Set<string>();
  #run: Promise<Record<string, CheckResult>> | undefined;
  #validUntil = 0;

  constructor(checks: Readonly<Record<string, HealthCheck>>, { timeoutMs, cacheMs, logger }: CheckSettings) {
    this.#checks = Object.entries(checks);
    this.#timeoutMs = timeoutMs;
    this.#cacheMs = cacheMs;
    this.#logger = guarded(logger);
  }

  results(): Promise<Record<string, CheckResult>> {
    if (this.#run && performance.now() < this.#validUntil) return this.#run;
    this.#validUntil = Infinity;
    return (this.#run = this.#runAll());
  }

  async #runAll(): Promise<Record<string, CheckResult>> {
    const results = await Promise.all(
      this.#checks.map(async ([name, check]) => [name, await this.#runOne(name, check)] as const),
    );
    this.#validUntil = performance.now() + this.#cacheMs;
    return Object.fromEntries(results);
  }

  async #runOne(name: string, check: HealthCheck): Promise<CheckResult> {
    const abort = new AbortController();
    const late = new ShutdownError(
      'ERR_CHECK_TIMEOUT',
      `Health check "${name}" did not finish within ${this.#timeoutMs} ms`,
    );
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        // Before the check hears of it and rejects in its own words.
        reject(late);
        abort.abort(late);
      }, this.#timeoutMs);
    });
    try {
      // The race also takes the rejection of a check that fails after its time.
      const result = await Promise.race([(async () => check({ signal: abort.signal }))(), limit]);
      return result === false ? this.#isUnwell(name, 'failed', 'it returned false') : this.#isWell(name);
    } catch (error) {
      if (error === late) return this.#isUnwell(name, 'timed-out', `no answer within ${this.#timeoutMs} ms`);
      return this.#isUnwell(name, 'failed', describeError(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #isWell(name: string): CheckResult {
    if (this.#unwell.delete(name)) this.#logger.info(`Health check "${name}" is well again`);
    return 'ok';
  }

  /** Only the first time of many is logged. */
  #isUnwell(name: string, result: CheckResult, reason: string): CheckResult {
    if (!this.#unwell.has(name)) this.#logger.warn(`Health check "${name}" ${result}: ${reason}`);
    this.#unwell.add(name);
    return result;
  }
}
