import type { SupervisorError } from './errors.ts';
import type { ChildState } from './states.ts';

/** A child moved from one state to another. `from` and `to` are the same when a reload has replaced its process. */
export interface StateEvent {
  readonly child: string;
  readonly pid: number | undefined;
  readonly from: ChildState;
  readonly to: ChildState;
  readonly reason: string;
}

/** A child wrote a line: without its line feed, as UTF-8. Lines of one stream come in order. */
export interface OutputEvent {
  readonly child: string;
  readonly pid: number;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** A child's process ended; all its output events came before. */
export interface ExitEvent {
  readonly child: string;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last 20 lines, oldest first. */
  readonly lastLines: readonly string[];
}

/** A child is not started again: somebody should look. */
export interface FailedEvent {
  readonly child: string;
  /** `RESTART_LIMIT`, its `cause` being the last failure; or that failure itself when the child is never restarted. */
  readonly error: SupervisorError;
}

/** The events of a `Supervisor`. */
export interface SupervisorEvents {
  state: [StateEvent];
  output: [OutputEvent];
  exit: [ExitEvent];
  failed: [FailedEvent];
}
