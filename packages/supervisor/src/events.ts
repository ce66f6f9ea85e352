import type { ChildState } from './child/states.ts';
import type { SupervisorError } from './errors.ts';
import type { BlockedFrame } from './heartbeat/call-frames.ts';

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
  /** It is one piece of a line of more than 1 MiB: the next `output` event of the stream goes on with it. */
  readonly continues?: boolean;
}

/** A child's process ended; all its output events came before. */
export interface ExitEvent {
  readonly child: string;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last 20 lines, oldest first. */
  readonly lastLines: readonly string[];
  /** It was a spare that never took over. */
  readonly spare: boolean;
}

/** A child is not started again: somebody should look. */
export interface FailedEvent {
  readonly child: string;
  /** `RESTART_LIMIT`, its `cause` being the last failure; or that failure itself when the child is never restarted. */
  readonly error: SupervisorError;
}

/** A reload is over. */
export interface ReloadEvent {
  readonly outcome: 'done' | 'failed';
  /** The children that have a new process, are new, or are gone; tasks are not among them. */
  readonly replaced: readonly string[];
  /** The children that go on as they were: not meant to be reloaded, stopped by name, or not reached. */
  readonly left: readonly string[];
  /** What it failed for. */
  readonly error?: SupervisorError;
  readonly durationMs: number;
}

/** The event loop of a child did not turn within its `heartbeatTimeoutMs`: it is about to be replaced. */
export interface BlockedEvent {
  readonly child: string;
  readonly pid: number;
  readonly blockedForMs: number;
  /** What its main thread was doing, innermost first. */
  readonly frames: readonly BlockedFrame[];
  /** Why there are no frames. */
  readonly reason?: string;
}

/** A sink was too slow for too long: these lines of a child are missing in it. It says so itself, too. */
export interface DroppedEvent {
  /** The path of a file, `stdout` or `stderr` of our own, `the logger` or `the function`. */
  readonly sink: string;
  readonly child: string;
  readonly pid: number;
  readonly stream: 'stdout' | 'stderr';
  readonly lines: number;
  readonly bytes: number;
}

/** A sink cannot be written to. It is tried again; failures in a row are told once. */
export interface SinkFailedEvent {
  readonly sink: string;
  /** `OUTPUT_FAILED`, its `cause` being what the system said. */
  readonly error: SupervisorError;
}

/** What an alert is about. */
export type AlertKind =
  /** A process ended by itself and is started again. */
  | 'crash'
  /** The child is not started again. */
  | 'failed'
  /** Health checks failed, and the process is replaced. */
  | 'unhealthy'
  /** The event loop stood still, and the process is replaced. */
  | 'blocked'
  /** The process is replaced because of its memory. */
  | 'memory'
  /** A new release was not taken; the old one serves on. */
  | 'reload-failed'
  /** After one of the others, the child has been ready for ten seconds. */
  | 'recovered';

/**
 * Something that a person should know, with all that a mail needs. What happens to the same child again within `alertIntervalMs`
 * comes as one later alert.
 */
export interface AlertEvent {
  readonly kind: AlertKind;
  /** Undefined when it is about the whole. */
  readonly child: string | undefined;
  /** The name of this machine. */
  readonly host: string;
  /** The process that it happened to; with `recovered` the present one. */
  readonly pid: number | undefined;
  readonly exitCode: number | null | undefined;
  readonly signal: NodeJS.Signals | null | undefined;
  readonly reason: string;
  /** What the process wrote last, oldest first. */
  readonly lastLines: readonly string[];
  /** Of the child, so far. */
  readonly restarts: number;
  /** How often it happened: more than 1 when several became one alert. Then all else is of the last. */
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** When the alert was emitted. */
  readonly at: Date;
  /** One line, ready to send. */
  readonly subject: string;
  /** The same in many lines. */
  readonly text: string;
}

/** The spare of a child: it waits now, it took over, it was ended because of a newer release, or it failed: ended, blocked, or silent when needed. */
export interface SpareEvent {
  readonly child: string;
  /** Undefined when no process could be created. */
  readonly pid: number | undefined;
  readonly what: 'standing by' | 'promoted' | 'stale' | 'failed';
  /** Why it failed. The child is none the worse for it. */
  readonly error?: SupervisorError;
  /** When the next one is started after a failure. Of one that was silent: when the child is ready again. */
  readonly nextStartMs?: number;
}

/** A child held more memory than `memoryLimitBytes`: its process is replaced. */
export interface MemoryEvent {
  readonly child: string;
  readonly pid: number;
  readonly rssBytes: number;
  readonly limitBytes: number;
}

/** `onChildExit` or `onAlert` threw or took too long. */
export interface HookFailedEvent {
  /** Undefined when an alert was about the whole. */
  readonly child: string | undefined;
  /** The process that had ended, or that the alert was about. */
  readonly pid: number | undefined;
  /** `HOOK_FAILED` */
  readonly error: SupervisorError;
}

/** The events of a `Supervisor`. */
export interface SupervisorEvents {
  state: [StateEvent];
  output: [OutputEvent];
  exit: [ExitEvent];
  failed: [FailedEvent];
  reload: [ReloadEvent];
  blocked: [BlockedEvent];
  dropped: [DroppedEvent];
  sinkFailed: [SinkFailedEvent];
  alert: [AlertEvent];
  spare: [SpareEvent];
  memory: [MemoryEvent];
  hookFailed: [HookFailedEvent];
}
