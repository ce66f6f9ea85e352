import type { EventEmitter } from 'node:events';
import { runLimited } from '../child/exit-hooks.ts';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { AlertEvent, SupervisorEvents } from '../events.ts';

/** Gets each alert, to send it on. `signal` is aborted when its time is over. */
export type AlertHook = (
  alert: AlertEvent,
  context: { readonly signal: AbortSignal },
) => void | Promise<void>;

/** The hook that runs at each alert. A failure of it is an event, never a rejection that nobody handles. */
export class AlertHooks {
  readonly #events: EventEmitter<SupervisorEvents>;
  readonly #running = new Set<Promise<void>>();

  constructor(events: EventEmitter<SupervisorEvents>, hook: AlertHook | undefined) {
    this.#events = events;
    if (hook) events.on('alert', (alert) => this.#run(hook, alert));
  }

  /** Resolves when none runs any more; each has its limit. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  #run(hook: AlertHook, alert: AlertEvent): void {
    const running = runLimited((context) => hook(alert, context), TIMEOUT_MS)
      .catch((cause: unknown) => {
        const { child, pid } = alert;
        const message = `The hook of the alert "${alert.subject}" failed: ${reasonOf(cause)}`;
        const error = new SupervisorError('HOOK_FAILED', message, {
          ...(child !== undefined && { child }),
          cause,
        });
        this.#events.emit('hookFailed', { child, pid, error });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

// A mail takes seconds; a stop of the supervisor waits for one that is under way.
const TIMEOUT_MS = 10_000;
