import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type {
  ExitEvent,
  FailedEvent,
  OutputEvent,
  ReloadEvent,
  StateEvent,
  Supervisor,
} from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** The program that the package ships for process 1 of a container. */
export const entrypoint = fileURLToPath(new URL('../bin/supervisor-entrypoint', import.meta.url));

/** The process of each child, by name. */
export function pids(supervisor: Supervisor): Record<string, number> {
  return Object.fromEntries(supervisor.status().map(({ name, pid = 0 }) => [name, pid]));
}

/** The port of a server, or of one of the held sockets of a supervisor. */
export function portOf(listener: { address(socket: string): unknown }, socket = 'api'): number {
  return (listener.address(socket) as AddressInfo).port;
}

/** Everything that a supervisor of this process reports. */
export interface Observed {
  readonly states: StateEvent[];
  readonly output: OutputEvent[];
  readonly exits: ExitEvent[];
  readonly failures: FailedEvent[];
  readonly reloads: ReloadEvent[];
  /** The states that a child came through, in order. */
  path(child: string): string[];
  lines(child: string): string[];
}

export function observe(supervisor: Supervisor): Observed {
  const states: StateEvent[] = [];
  const output: OutputEvent[] = [];
  const exits: ExitEvent[] = [];
  const failures: FailedEvent[] = [];
  const reloads: ReloadEvent[] = [];
  supervisor.on('state', (event) => states.push(event));
  supervisor.on('output', (event) => output.push(event));
  supervisor.on('exit', (event) => exits.push(event));
  supervisor.on('failed', (event) => failures.push(event));
  supervisor.on('reload', (event) => reloads.push(event));
  return {
    states,
    output,
    exits,
    failures,
    reloads,
    path: (child) => states.filter((event) => event.child === child).map((event) => event.to),
    lines: (child) => output.filter((event) => event.child === child).map((event) => event.line),
  };
}

/** An event that a main program of ours printed. */
export type PrintedEvent = Record<string, unknown> & { name: string };

/** A supervisor in a process of its own, which a test may kill. */
export interface MainProgram {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly events: PrintedEvent[];
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  event(name: string, match?: Record<string, unknown>): Promise<PrintedEvent>;
}

export function startMainProgram(options: unknown, env: NodeJS.ProcessEnv = {}): MainProgram {
  const main = spawn(process.execPath, [fixture('supervise.mjs'), JSON.stringify(options)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const events: PrintedEvent[] = [];
  createInterface(main.stdout).on('line', (line) => events.push(JSON.parse(line) as PrintedEvent));
  return {
    process: main,
    pid: main.pid ?? 0,
    events,
    exited: once(main, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    event: async (name, match = {}) =>
      waitUntil(
        () =>
          events.find(
            (event) =>
              event.name === name && Object.entries(match).every(([key, value]) => event[key] === value),
          ),
        { what: `the event ${name} ${JSON.stringify(match)}` },
      ),
  };
}
