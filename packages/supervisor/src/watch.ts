import type { CheckTarget } from './health-check/health-check.ts';
import { HealthMonitor, type HealthVerdicts } from './health-check/health-monitor.ts';
import { LoopMonitor, type BlockedVerdict } from './blocked-loop/loop-monitor.ts';
import type { Run } from './run.ts';
import type { ChildSettings } from './settings.ts';

/** What a watch reports. */
export interface Verdicts extends HealthVerdicts {
  /** The event loop did not turn within its limit. The child has to be dealt with before this returns. */
  blocked(loop: BlockedVerdict): void;
}

/** Looks after a ready process, until closed: asks it by health checks, listens to its heartbeat. */
export class Watch {
  readonly #health: HealthMonitor;
  readonly #loop: LoopMonitor | undefined;
  readonly #run: Run;

  constructor(run: Run, child: ChildSettings, target: CheckTarget, verdicts: Verdicts) {
    this.#run = run;
    this.#health = new HealthMonitor(child, target, verdicts);
    const { pid, notices } = run;
    const { heartbeat } = run.channels;
    if (heartbeat && child.heartbeatTimeoutMs !== false) {
      this.#loop = new LoopMonitor({ pid, heartbeat, notices }, child.heartbeatTimeoutMs, (loop) =>
        verdicts.blocked(loop),
      );
    }
  }

  /** For the status of the child. */
  get figures(): { healthLatencyMs: number | undefined; loopLagMs: number | undefined } {
    return { healthLatencyMs: this.#health.latencyMs, loopLagMs: this.#run.channels.heartbeat?.lagMs };
  }

  close(): void {
    this.#health.close();
    this.#loop?.close();
  }
}
