import { resolveCheck } from '../health-check/declared-check.ts';
import type { ResolvedCheck } from '../health-check/health-check.ts';
import { planOwnSocket, planSocket, type SocketPlan } from '../listener/socket-plan.ts';
import { refuseCycles } from '../rollout/order.ts';
import { refuseContradictions } from './contradictions.ts';
import { canOverlap, defaultReadiness, restartDefaults } from './defaults.ts';
import type {
  ChildOptions,
  Readiness,
  ReloadKind,
  RestartOptions,
  SocketOptions,
  SupervisorOptions,
} from './options.ts';
import { invalidOption } from './rules.ts';

/** One child with everything decided: defaults filled in, instances told apart. */
export interface ChildSettings extends Omit<
  ChildOptions,
  'instances' | 'readiness' | 'restart' | 'listen' | 'ownSockets' | 'sockets' | 'healthCheck'
> {
  /** The name of the options that it comes from, with `instances`. */
  readonly group: string | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it inherits: that of `listen`, the shared ones, those of `ownSockets`. */
  readonly sockets: readonly SocketPlan[];
  /** The ones that nobody else has. */
  readonly ownSockets: readonly SocketPlan[];
  /** Names of children, and of groups of them. */
  readonly after: readonly string[];
  readonly task: boolean;
  readonly readiness: Readiness;
  readonly healthCheck: ResolvedCheck | undefined;
  readonly healthCheckIntervalMs: number;
  readonly healthCheckTimeoutMs: number;
  readonly unhealthyThreshold: number;
  readonly startGraceMs: number;
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
  readonly deathSignal: NodeJS.Signals;
  readonly restart: Required<RestartOptions> | false;
  readonly reload: ReloadKind;
  readonly reloadPauseMs: number;
  readonly heartbeatTimeoutMs: number | false;
  readonly memoryCheckIntervalMs: number;
  readonly namespace: boolean;
}

/** The shared sockets of a supervisor. Throws `INVALID_OPTION`. */
export function planSockets(options: SupervisorOptions): SocketPlan[] {
  return Object.entries(options.sockets ?? {}).map(([name, socket]) =>
    planSocket(name, socket, `\`sockets.${name}\``),
  );
}

/** The children of a supervisor. Throws `INVALID_OPTION` where options contradict each other. */
export function resolveChildren(options: SupervisorOptions, shared: readonly SocketPlan[]): ChildSettings[] {
  const children = options.children ?? [];
  const resolved = children.flatMap((child) => resolveChild(withSinks(child, options), shared));
  refuseSameNames(resolved);
  for (const { name, after = [] } of children) {
    const unknown = after.find((other) => !children.some((child) => child.name === other));
    if (unknown !== undefined)
      throw invalidOption(`Child "${name}" is to start after "${unknown}", which does not exist`);
  }
  refuseCycles(children);
  return resolved;
}

/** Where a child does not say where its lines go, its supervisor does. */
export function withSinks(child: ChildOptions, { output = [] }: SupervisorOptions): ChildOptions {
  return { ...child, output: child.output ?? output };
}

/** Throws `INVALID_OPTION`. */
export function refuseSameNames(children: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of children) {
    if (names.has(name)) throw invalidOption(`Expected child names to be unique, got "${name}" twice`);
    names.add(name);
  }
}

/** One `ChildOptions` as the children it stands for. Throws `INVALID_OPTION`. */
export function resolveChild(options: ChildOptions, shared: readonly SocketPlan[]): ChildSettings[] {
  refuseContradictions(options);
  const { instances, listen, ownSockets = {}, ...single } = options;
  const inherited = (options.sockets ?? []).map((wanted) => {
    const plan = shared.find(({ name }) => name === wanted);
    if (plan) return plan;
    throw invalidOption(
      `Child "${options.name}" wants the socket "${wanted}", which \`sockets\` does not have`,
    );
  });
  const task = options.task ?? false;
  const healthCheck = options.healthCheck && resolveCheck(options.healthCheck, `${options.name}.healthCheck`);
  const readiness = options.readiness ?? defaultReadiness(options);
  return instanceNames(options).map((name, index) => {
    const own = (suffix: string, option: string, socket: SocketOptions): SocketPlan =>
      planOwnSocket(
        name + suffix,
        socket,
        `\`${option}\` of child "${name}"`,
        instances === undefined ? undefined : index,
      );
    const first = listen ? [own('', 'listen', listen)] : [];
    const further = Object.entries(ownSockets).map(([key, socket]) =>
      own(`-${key}`, `ownSockets.${key}`, socket),
    );
    const sockets = [...first, ...inherited, ...further];
    return {
      ...single,
      name,
      group: instances === undefined ? undefined : options.name,
      port: options.port === undefined ? undefined : options.port + index,
      args: [...(options.args ?? [])],
      // A copy: what the caller does to the object later is none of the child's business.
      env: { ...options.env },
      sockets,
      ownSockets: [...first, ...further],
      after: [...(options.after ?? [])],
      task,
      readiness,
      readyTimeoutMs: options.readyTimeoutMs ?? (task ? undefined : 30_000),
      healthCheck,
      healthCheckIntervalMs: options.healthCheckIntervalMs ?? 60_000,
      healthCheckTimeoutMs: options.healthCheckTimeoutMs ?? 5_000,
      unhealthyThreshold: options.unhealthyThreshold ?? 3,
      startGraceMs: options.startGraceMs ?? 0,
      stopSignal: options.stopSignal ?? 'SIGTERM',
      stopTimeoutMs: options.stopTimeoutMs ?? 10_000,
      deathSignal: options.deathSignal ?? 'SIGKILL',
      restart: options.restart === false ? false : { ...restartDefaults, ...options.restart },
      reload: options.reload ?? (canOverlap(sockets, readiness) ? 'overlap' : 'stop-first'),
      reloadPauseMs: options.reloadPauseMs ?? 0,
      heartbeatTimeoutMs:
        options.heartbeatTimeoutMs ?? (options.script === undefined || task ? false : 30_000),
      memoryCheckIntervalMs: options.memoryCheckIntervalMs ?? 5_000,
      namespace: options.namespace ?? false,
    };
  });
}

function instanceNames({ name, instances }: ChildOptions): string[] {
  if (instances === undefined) return [name];
  return Array.from({ length: instances }, (_, index) => `${name}-${index + 1}`);
}
