import type { SupervisorError } from '../errors.ts';
import type { ProcessUsage } from '../run/process-usage.ts';
import type { ChildState } from './states.ts';

/** Why a process was replaced: it ended, we ended it for what was wrong with it, or somebody asked for it. */
export type RestartReason = 'exit' | 'unhealthy' | 'blocked' | 'memory' | 'reload' | 'told';

/** Somebody asked for it. */
export type AskedRestart = Extract<RestartReason, 'reload' | 'told'>;

/** What a child is at this moment. */
export interface ChildStatus {
  readonly name: string;
  readonly state: ChildState;
  /** When it came into this state. */
  readonly since: Date;
  readonly pid: number | undefined;
  /** Where it listens: its `port`, else that of its first held socket, as soon as that is bound. */
  readonly port: number | undefined;
  /** How often it was started again after a failure: `exit`, `unhealthy`, `blocked` and `memory` together. */
  readonly restarts: number;
  readonly restartsByReason: Readonly<Record<RestartReason, number>>;
  /** When it got ready the last time. */
  readonly readyAt: Date | undefined;
  /** A second process stands by to take over at once. */
  readonly spare: boolean;
  /** The spare, also while it still starts: it uses memory of its own. */
  readonly sparePid: number | undefined;
  /** The last failure, with the last words. */
  readonly lastError: SupervisorError | undefined;
  /** How long the last health check took. */
  readonly healthLatencyMs: number | undefined;
  /** The longest delay of its event loop in the last ten heartbeats, or what it is late by at the moment. */
  readonly loopLagMs: number | undefined;
  /** Memory of the present process, where the system shows it. */
  readonly rssBytes: number | undefined;
  /** Processor time of the present process. */
  readonly cpuSeconds: number | undefined;
}

/** What a child knows of itself; the rest knows the system. */
export type OwnStatus = Omit<ChildStatus, keyof ProcessUsage>;
