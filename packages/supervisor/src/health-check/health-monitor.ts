import { nowMs } from '../clock.ts';
import type { ChildSettings } from '../options/settings.ts';
import { checkHealth, type CheckTarget } from './health-check.ts';

/** What a monitor reports. */
export interface HealthVerdicts {
  /** A check succeeded. */
  healthy(): void;
  /** A check failed, after the start-up grace; `failures` in a row. */
  failing(error: unknown, failures: number): void;
}

/** Asks a ready child again and again how it is, one check at a time, until closed. */
export class HealthMonitor {
  readonly #child: ChildSettings;
  readonly #target: CheckTarget;
  readonly #verdicts: HealthVerdicts;
  readonly #startedAt = nowMs();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #failures = 0;
  #latencyMs: number | undefined;

  constructor(child: ChildSettings, target: CheckTarget, verdicts: HealthVerdicts) {
    this.#child = child;
    this.#target = target;
    this.#verdicts = verdicts;
    // Children that were started together are not to be asked together, over and over.
    this.#schedule(child.healthCheckIntervalMs * Math.random());
  }

  /** How long the last check took that got a verdict. */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** A check that is under way is not waited for, and its verdict counts no more: the child may be stopping. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#child.healthCheck && !this.#closed) {
      this.#timer = setTimeout(() => void this.#check(), delayMs);
    }
  }

  async #check(): Promise<void> {
    const { healthCheck, healthCheckIntervalMs, healthCheckTimeoutMs, startGraceMs } = this.#child;
    if (!healthCheck) return;
    const askedAt = nowMs();
    const error = await checkHealth(healthCheck, this.#target, healthCheckTimeoutMs).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (this.#closed) return;
    this.#latencyMs = Math.round((nowMs() - askedAt) * 10) / 10;
    if (error === undefined) {
      this.#failures = 0;
      this.#verdicts.healthy();
    } else if (nowMs() - this.#startedAt >= startGraceMs) {
      this.#failures += 1;
      this.#verdicts.failing(error, this.#failures);
    }
    this.#schedule(healthCheckIntervalMs);
  }
}
