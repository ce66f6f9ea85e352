import { checkHealth, type CheckTarget } from './health-check.ts';
import type { ChildSettings } from '../settings.ts';

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
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #failures = 0;

  constructor(child: ChildSettings, target: CheckTarget, verdicts: HealthVerdicts) {
    this.#child = child;
    this.#target = target;
    this.#verdicts = verdicts;
    this.#schedule();
  }

  /** A check that is under way is not waited for, and its verdict counts no more: the child may be stopping. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#child.healthCheck && !this.#closed) {
      this.#timer = setTimeout(() => void this.#check(), this.#child.healthCheckIntervalMs);
    }
  }

  async #check(): Promise<void> {
    const { healthCheck, healthCheckTimeoutMs, startGraceMs } = this.#child;
    if (!healthCheck) return;
    const error = await checkHealth(healthCheck, this.#target, healthCheckTimeoutMs).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (this.#closed) return;
    if (error === undefined) {
      this.#failures = 0;
      this.#verdicts.healthy();
    } else if (performance.now() - this.#startedAt >= startGraceMs) {
      this.#failures += 1;
      this.#verdicts.failing(error, this.#failures);
    }
    this.#schedule();
  }
}
