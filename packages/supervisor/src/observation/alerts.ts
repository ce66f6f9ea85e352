import type { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import type { AlertEvent, SupervisorEvents } from '../events.ts';
import { alertSubject, alertText } from './alert-text.ts';

/** What happened, before it is known whether somebody has to hear of it now. */
export type Trouble = Pick<
  AlertEvent,
  'kind' | 'child' | 'pid' | 'exitCode' | 'signal' | 'reason' | 'lastLines' | 'restarts'
>;

/**
 * Emits `alert` for what a person should know. The first of a child and a kind goes out at once; those that follow within the
 * interval wait for its end and go out as one.
 */
export class Alerts {
  readonly #events: EventEmitter<SupervisorEvents>;
  readonly #intervalMs: number;
  readonly #windows = new Map<string, Window>();

  constructor(events: EventEmitter<SupervisorEvents>, intervalMs: number) {
    this.#events = events;
    this.#intervalMs = intervalMs;
  }

  raise(trouble: Trouble): void {
    const at = new Date();
    const key = `${trouble.kind} ${trouble.child ?? ''}`;
    const window = this.#windows.get(key);
    if (window) {
      window.folded = {
        trouble,
        count: (window.folded?.count ?? 0) + 1,
        firstAt: window.folded?.firstAt ?? at,
        lastAt: at,
      };
      return;
    }
    this.#open(key);
    this.#emit({ trouble, count: 1, firstAt: at, lastAt: at });
  }

  /** Nothing is kept back any longer. */
  close(): void {
    for (const { timer, folded } of this.#windows.values()) {
      clearTimeout(timer);
      if (folded) this.#emit(folded);
    }
    this.#windows.clear();
  }

  #open(key: string): void {
    // Who waits for the end of an interval keeps no process alive.
    const timer = setTimeout(() => this.#endOfWindow(key), this.#intervalMs).unref();
    this.#windows.set(key, { timer, folded: undefined });
  }

  #endOfWindow(key: string): void {
    const folded = this.#windows.get(key)?.folded;
    this.#windows.delete(key);
    if (!folded) return;
    this.#open(key);
    this.#emit(folded);
  }

  #emit({ trouble, count, firstAt, lastAt }: Folded): void {
    const facts = { ...trouble, host: hostname(), at: new Date(), count, firstAt, lastAt };
    this.#events.emit('alert', { ...facts, subject: alertSubject(facts), text: alertText(facts) });
  }
}

interface Window {
  readonly timer: NodeJS.Timeout;
  folded: Folded | undefined;
}

/** Alerts of one child and kind that became one; `trouble` is the last of them. */
interface Folded {
  readonly trouble: Trouble;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}
