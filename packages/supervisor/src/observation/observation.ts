import type { ChildTable } from '../child/child-table.ts';
import type { Controlled } from '../control/commands.ts';
import { ControlServer } from '../control/control-server.ts';
import type { SupervisorOptions } from '../options/options.ts';
import type { Outputs } from '../output/outputs.ts';
import { AlertHooks } from './alert-hook.ts';
import { AlertWatch } from './alert-watch.ts';
import { MetricCounts, metricsText } from './metrics.ts';
import { supervisorStatus } from './supervisor-status.ts';

/** What a supervisor lets others see and do: alerts, metrics, and the control socket. */
export class Observation {
  readonly #target: Controlled;
  readonly #alerts: AlertWatch;
  readonly #hooks: AlertHooks;
  readonly #counts: MetricCounts;
  readonly #control: ControlServer | undefined;

  constructor(
    target: Controlled,
    { controlSocket, alertIntervalMs = 300_000, onAlert }: SupervisorOptions,
    outputs: Outputs,
    children: ChildTable,
  ) {
    this.#target = target;
    this.#alerts = new AlertWatch(target, (child) => children.get(child)?.status(), alertIntervalMs);
    this.#hooks = new AlertHooks(target, onAlert);
    this.#counts = new MetricCounts(target);
    if (controlSocket === undefined) return;
    this.#control = new ControlServer(controlSocket, target, outputs, children);
  }

  /** Throws `CONTROL_SOCKET_TAKEN` or `BIND_FAILED`. */
  async start(): Promise<void> {
    await this.#control?.start();
  }

  metrics(): string {
    return metricsText(supervisorStatus(), this.#target.status(), this.#counts);
  }

  /** When every child has ended. */
  async close(): Promise<void> {
    this.#alerts.close();
    await this.#hooks.settled();
    await this.#control?.close();
  }
}
