import { basename } from 'node:path';
import type { ChildStatus } from './child/status.ts';
import type { OutputEvent } from './events.ts';
import type { HealthCheck } from './health-check/declared-check.ts';
import type { ChildOptions } from './options/options.ts';
import { printReload, printState } from './output/print.ts';
import { onSignals } from './signals.ts';
import { Supervisor } from './supervisor.ts';

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

/** What `spawnMonitoredChild` takes beside its four parameters. */
export interface MonitoredChildOptions extends Omit<
  ChildOptions,
  | 'name'
  | 'script'
  | 'command'
  | 'port'
  | 'healthCheck'
  | 'env'
  | 'instances'
  | 'after'
  | 'sockets'
  | 'task'
  | 'listen'
> {
  /** @default the script's file name and the port */
  name?: string;
  /**
   * Holds the port for the child, which then listens on file descriptor 3 or, being a script, on the port as it always did: no
   * connection is refused between two processes, and with `readiness: 'listening'` or `'message'` the next one is ready before
   * a reload stops the last one. `host` has to be the one that the child listens on, every address by default.
   * @default not held: we do not know on which host the child listens
   */
  listen?: { host?: string };
  /**
   * Gets each line that the child writes.
   * @default it goes where `output` says; without that it is printed, tagged with the name
   */
  onLine?: (event: OutputEvent) => void;
}

/**
 * Starts a script and keeps it running: it is asked how it is every minute, replaced when the check fails, and started again
 * when it exits. All children of this function belong to one supervisor of the process, and end with the process.
 *
 * The child inherits our environment; `environmentVariables` are stronger, and PORT is the port.
 * @throws SupervisorError `INVALID_OPTION`; a script that does not exist is tried again as after a crash, then a `failed` event
 */
export function spawnMonitoredChild(
  script: string,
  port: number,
  healthCheck: HealthCheck,
  environmentVariables: Readonly<Record<string, string | undefined>> = {},
  options: MonitoredChildOptions = {},
): MonitoredChild {
  const { onLine, output = onLine ? [] : [{ type: 'console' } as const], listen, ...rest } = options;
  const supervisor = processSupervisor();
  const name = options.name ?? `${basename(script)}-${port}`;
  return supervisor.add({
    unhealthyThreshold: 1,
    ...rest,
    output: onLine ? [...output, { type: 'function', onLine }] : output,
    name,
    script,
    ...(listen ? { listen: { ...listen, port } } : { port }),
    healthCheck,
    env: environmentVariables,
  });
}

/**
 * Gives each child of `spawnMonitoredChild` a new process, one after the other, each ready before the next one's turn: what a
 * deploy does. See `reload` and `reloadPauseMs` of the options. Those that fail are told as by `supervisor.reload()`.
 * @throws SupervisorError
 */
export async function reloadMonitoredChildren(): Promise<void> {
  await processSupervisor().reload();
}

/** Does so at each such signal, until the returned function is called. How it went is printed. */
export function reloadMonitoredChildrenOn(signal: NodeJS.Signals = 'SIGHUP'): () => void {
  const supervisor = processSupervisor();
  // How it went is an event, which is printed.
  return onSignals([signal], () => void supervisor.reload().catch(() => {}));
}

let shared: Supervisor | undefined;

function processSupervisor(): Supervisor {
  if (!shared) {
    shared = new Supervisor();
    shared.on('state', (event) => printState(event));
    shared.on('reload', (event) => printReload(event));
  }
  return shared;
}
