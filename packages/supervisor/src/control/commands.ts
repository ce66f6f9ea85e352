import type { EventEmitter } from 'node:events';
import { aborted } from '../aborted.ts';
import type { ChildStatus } from '../child/status.ts';
import type { SupervisorEvents } from '../events.ts';
import { supervisorStatus } from '../observation/supervisor-status.ts';
import type { ControlClientSide } from './connection.ts';
import type { RecentLine, RecentLines } from './recent-lines.ts';
import type { ControlRequest } from './request.ts';

/** What a control socket needs of a supervisor. */
export interface Controlled extends EventEmitter<SupervisorEvents> {
  status(): ChildStatus[];
  metrics(): string;
  reload(): Promise<unknown>;
  restart(name: string): Promise<unknown>;
  stop(name?: string): Promise<unknown>;
  start(name: string): Promise<unknown>;
  scale(name: string, count: number): Promise<unknown>;
  reopenFiles(): void;
}

/** What the names of its children stand for. */
export interface ChildNames {
  /** Throws `UNKNOWN_CHILD` when there is no such child or group. */
  find(name: string): unknown;
  /** Whether `name` is that of the child, or of its group. */
  isMeant(child: string, name: string): boolean;
  get(child: string): unknown;
}

/** What the commands work with. */
export interface ControlContext {
  readonly target: Controlled;
  readonly lines: RecentLines;
  readonly names: ChildNames;
  /** Those who are told of every change of state. */
  readonly watchers: Set<ControlClientSide>;
  /** Aborted when every child has ended and only the control socket is left. */
  readonly ending: AbortSignal;
}

/** Does what a client asks for. Resolves with what it gets beside `ok: true`. */
export async function carryOut(
  request: ControlRequest,
  client: ControlClientSide,
  context: ControlContext,
): Promise<object> {
  const { target } = context;
  if (request.command === 'metrics') return { text: target.metrics() };
  if (request.command === 'logs') return showLines(request, client, context);
  if (request.command !== 'status') await withProgress(client, context, () => change(request, context));
  return { supervisor: supervisorStatus(), children: target.status() };
}

/** What takes a while. */
async function change(
  request: Exclude<ControlRequest, { command: 'status' | 'metrics' | 'logs' }>,
  context: ControlContext,
): Promise<void> {
  const { target } = context;
  switch (request.command) {
    case 'reload':
      await target.reload();
      break;
    case 'restart':
      await restart(target, request.name);
      break;
    case 'start':
      await target.start(request.name);
      break;
    case 'scale':
      await target.scale(request.name, request.count);
      break;
    case 'stop':
      await stop(request.name, context);
      break;
    case 'reopen-logs':
      target.reopenFiles();
      break;
  }
}

/** Tells every change of state until the work is done. */
async function withProgress(
  client: ControlClientSide,
  { watchers }: ControlContext,
  work: () => Promise<void>,
): Promise<void> {
  watchers.add(client);
  try {
    await work();
  } finally {
    watchers.delete(client);
  }
}

/** One child after the other, so that those that stand in for each other are never all away. */
async function restart(target: Controlled, name: string | undefined): Promise<void> {
  const running = target.status().filter(({ state }) => state !== 'completed' && state !== 'stopped');
  const names = name === undefined ? running.map((child) => child.name) : [name];
  for (const one of names) await target.restart(one);
}

async function stop(name: string | undefined, { target, ending }: ControlContext): Promise<void> {
  if (name !== undefined) return void (await target.stop(name));
  // Its end includes that of this connection, which waits for us: the answer goes out shortly before.
  await Promise.race([target.stop(), aborted(ending)]);
}

async function showLines(
  { name, lines: count = DEFAULT_LINES, follow = false }: Extract<ControlRequest, { command: 'logs' }>,
  client: ControlClientSide,
  { lines, ending, names }: ControlContext,
): Promise<object> {
  if (name !== undefined) names.find(name);
  const isWanted = (child: string): boolean => name === undefined || names.isMeant(child, name);
  const tell = (line: RecentLine): void => {
    if (isWanted(line.child)) client.tell({ event: 'line', ...line });
  };
  for (const line of lines.last(Math.min(count, MAX_LINES), isWanted)) tell(line);
  if (follow) {
    client.tell({ event: 'following' });
    const over = AbortSignal.any([client.gone, ending]);
    lines.follow(tell, over);
    await aborted(over);
  }
  return {};
}

const DEFAULT_LINES = 20;
const MAX_LINES = 10_000;
