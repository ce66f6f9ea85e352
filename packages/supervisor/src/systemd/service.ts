import type { EventEmitter } from 'node:events';
import type { ChildStatus } from '../child/status.ts';
import type { SupervisorEvents } from '../events.ts';
import { processExists } from '../family/signal.ts';
import { Notifier } from './notifier.ts';

/** What the service asks of its supervisor. */
export interface Serviced extends EventEmitter<SupervisorEvents> {
  status(): ChildStatus[];
}

/**
 * The supervisor as a service of systemd, or of whoever else listens on NOTIFY_SOCKET: ready, reloading, stopping, in how good a
 * state, and alive (WatchdogSec). Silent without one.
 */
export class SystemdService {
  readonly #supervisor: Serviced;
  readonly #notifier = process.env['NOTIFY_SOCKET'] ? new Notifier() : undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #lost: readonly string[] = [];

  constructor(supervisor: Serviced) {
    this.#supervisor = supervisor;
  }

  starting(): void {
    if (this.#notifier) this.#supervisor.on('state', this.#tellStatus);
  }

  ready(): void {
    this.#notifier?.send('READY=1');
    this.#tellStatus();
    const intervalMs = watchdogIntervalMs();
    if (this.#notifier && intervalMs !== undefined) {
      this.#watchdog ??= setInterval(() => this.#tellAlive(), intervalMs).unref();
    }
  }

  /** The end of it is told by `ready`. */
  reloading(): void {
    this.#notifier?.send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  stopping(): void {
    this.#notifier?.sendLast('STOPPING=1');
  }

  /** Nothing is left to be reported on. */
  stopped(): void {
    clearInterval(this.#watchdog);
    this.#supervisor.off('state', this.#tellStatus);
  }

  readonly #tellStatus = (): void => {
    this.#notifier?.setStatus(describe(this.#supervisor.status()));
  };

  /**
   * That the timer fires shows that the event loop turns. That the ends of children arrive shows here: the process of a child that
   * is said to have one exists, or did the last time.
   */
  #tellAlive(): void {
    const lost = this.#supervisor.status().flatMap(({ name, pid }) => {
      return pid !== undefined && !processExists(pid) ? `${name} (${pid})` : [];
    });
    const stillLost = lost.filter((child) => this.#lost.includes(child));
    this.#lost = lost;
    if (stillLost.length === 0) return this.#notifier?.send('WATCHDOG=1');
    this.#notifier?.setStatus(`The end of these children was not noticed: ${stillLost.join(', ')}`);
  }
}

/** Half of what systemd allows between two signs of life, if it asks us for them. */
function watchdogIntervalMs(): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID = String(process.pid) } = process.env;
  const limitUs = Number(WATCHDOG_USEC);
  return limitUs > 0 && WATCHDOG_PID === String(process.pid) ? limitUs / 2_000 : undefined;
}

function describe(children: readonly ChildStatus[]): string {
  const isFine = ({ state }: ChildStatus): boolean => state === 'ready' || state === 'completed';
  const others = children.filter((child) => !isFine(child));
  const fine = `${children.length - others.length} of ${children.length} children are ready`;
  if (others.length === 0) return fine;
  const shown = others.slice(0, MAX_SHOWN).map(({ name, state }) => `${name} is ${state}`);
  const more = others.length > MAX_SHOWN ? `, and ${others.length - MAX_SHOWN} more` : '';
  return `${fine}; ${shown.join(', ')}${more}`;
}

const MAX_SHOWN = 5;
