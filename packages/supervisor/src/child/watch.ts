import type { EventEmitter } from 'node:events';
import { reasonOf } from '../errors.ts';
import type { SupervisorEvents } from '../events.ts';
import type { CheckTarget } from '../health-check/health-check.ts';
import { HealthMonitor, type HealthVerdicts } from '../health-check/health-monitor.ts';
import { describeBlockedLoop, LoopMonitor } from '../heartbeat/loop-monitor.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { Run } from '../run/run.ts';
import type { Condemnation } from './child-errors.ts';
import { MemoryMonitor } from './memory-monitor.ts';

/** What a watch reports. */
export interface Verdicts extends Pick<HealthVerdicts, 'healthy'> {
  /** A check failed. */
  unhealthy(reason: string): void;
  /** It has to be replaced, which has to begin before this returns. `isDeaf`: it hears nothing but SIGKILL. */
  condemned(reason: string, kind: Condemnation, isDeaf: boolean): void;
}

/** Looks after a ready process, until closed: asks it by health checks, listens to its heartbeat, looks at its memory. */
export class Watch {
  readonly #health: HealthMonitor;
  readonly #loop: LoopMonitor | undefined;
  readonly #memory: MemoryMonitor;
  readonly #run: Run;

  constructor(
    run: Run,
    child: ChildSettings,
    target: CheckTarget,
    events: EventEmitter<SupervisorEvents>,
    verdicts: Verdicts,
  ) {
    this.#run = run;
    this.#health = new HealthMonitor(child, target, {
      healthy: () => verdicts.healthy(),
      failing: (error, failures) => {
        const reason = reasonOf(error);
        verdicts.unhealthy(reason);
        if (failures < child.unhealthyThreshold) return;
        verdicts.condemned(`${reason} (${failures} of ${child.unhealthyThreshold})`, 'unhealthy', false);
      },
    });
    const { pid, notices } = run;
    this.#memory = new MemoryMonitor(child, pid, (rssBytes) => {
      const { memoryLimitBytes: limitBytes = 0 } = child;
      events.emit('memory', { child: child.name, pid, rssBytes, limitBytes });
      const reason = `it holds ${rssBytes} bytes of memory, more than ${limitBytes}`;
      verdicts.condemned(reason, 'memory', false);
    });
    const { heartbeat } = run.channels;
    if (heartbeat && child.heartbeatTimeoutMs !== false) {
      this.#loop = new LoopMonitor(
        { pid, heartbeat, notices },
        child.heartbeatTimeoutMs,
        ({ hasRecovered, ...loop }) => {
          events.emit('blocked', { child: child.name, pid, ...loop });
          verdicts.condemned(describeBlockedLoop(loop), 'blocked', !hasRecovered);
        },
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
    this.#memory.close();
  }
}
