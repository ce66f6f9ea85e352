import type { EventEmitter } from 'node:events';
import type { SupervisorEvents } from '../events.ts';
import { isServing, mayMove, type ChildState } from './states.ts';

/** The state that a child is in; each change is an event. */
export class StateMachine {
  readonly #child: string;
  readonly #events: EventEmitter<SupervisorEvents>;
  readonly #pid: () => number | undefined;
  #current: ChildState = 'stopped';
  #since = new Date();

  constructor(child: string, events: EventEmitter<SupervisorEvents>, pid: () => number | undefined) {
    this.#child = child;
    this.#events = events;
    this.#pid = pid;
  }

  get current(): ChildState {
    return this.#current;
  }

  get since(): Date {
    return this.#since;
  }

  get isServing(): boolean {
    return isServing(this.#current);
  }

  isOneOf(...states: readonly ChildState[]): boolean {
    return states.includes(this.#current);
  }

  /** The only place where the state changes. */
  moveTo(to: ChildState, reason: string): void {
    const from = this.#current;
    if (!mayMove(from, to)) throw new Error(`Child "${this.#child}" cannot move from ${from} to ${to}`);
    this.#current = to;
    this.#since = new Date();
    this.#events.emit('state', { child: this.#child, pid: this.#pid(), from, to, reason });
  }
}
