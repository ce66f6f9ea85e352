import type { ChildStatus } from './child/status.ts';
import type { Supervisor } from './supervisor.ts';

/** A child that was added alone. */
export interface MonitoredChild {
  readonly name: string;
  /** Where its events are. */
  readonly supervisor: Supervisor;
  status(): ChildStatus;
  /** Gives it a new process, as `supervisor.restart` does. */
  restart(): Promise<void>;
  /** Ends it for good and forgets it, when operations that were asked for before are over. */
  stop(): Promise<void>;
}
