import { basename } from 'node:path';
import type { OutputEvent } from './events.ts';
import type { HealthCheck } from './health-check/health-check.ts';
import type { ChildOptions } from './options.ts';
import { printLine, printState } from './output/print.ts';
import { Supervisor, type MonitoredChild } from './supervisor.ts';

/** What `spawnMonitoredChild` takes beside its four parameters. */
export interface MonitoredChildOptions extends Omit<
  ChildOptions,
  'name' | 'script' | 'command' | 'port' | 'healthCheck' | 'env' | 'instances' | 'after' | 'sockets' | 'task'
> {
  /** @default the script's file name and the port */
  name?: string;
  /**
   * Gets each line that the child writes.
   * @default it is printed, tagged with the name
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
  const { onLine = printLine, ...rest } = options;
  const supervisor = processSupervisor();
  const name = options.name ?? `${basename(script)}-${port}`;
  const child = supervisor.add({
    unhealthyThreshold: 1,
    ...rest,
    name,
    script,
    port,
    healthCheck,
    env: environmentVariables,
  });
  lineReaders.set(name, onLine);
  return child;
}

const lineReaders = new Map<string, (event: OutputEvent) => void>();
let shared: Supervisor | undefined;

function processSupervisor(): Supervisor {
  if (!shared) {
    shared = new Supervisor();
    shared.on('output', (event) => lineReaders.get(event.child)?.(event));
    shared.on('state', (event) => printState(event));
  }
  return shared;
}
