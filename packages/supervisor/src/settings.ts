import type { ChildOptions, Readiness, RestartOptions, SocketOptions, SupervisorOptions } from './options.ts';
import { refuseCycles } from './order.ts';
import { invalidOption } from './validation.ts';

/** One child with everything decided: defaults filled in, instances told apart, `after` in names of single children. */
export interface ChildSettings extends Omit<ChildOptions, 'instances' | 'readiness' | 'restart'> {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly sockets: readonly string[];
  readonly after: readonly string[];
  readonly task: boolean;
  readonly readiness: Readiness;
  readonly healthCheckIntervalMs: number;
  readonly healthCheckTimeoutMs: number;
  readonly unhealthyThreshold: number;
  readonly startGraceMs: number;
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
  readonly deathSignal: NodeJS.Signals;
  readonly restart: Required<RestartOptions> | false;
}

/** The children of a supervisor. Throws `INVALID_OPTION` where options contradict each other. */
export function resolveChildren(options: SupervisorOptions): ChildSettings[] {
  const sockets = options.sockets ?? {};
  for (const [name, { port, path, host }] of Object.entries(sockets)) {
    if ((port === undefined) === (path === undefined)) {
      throw invalidOption(`Expected \`sockets.${name}\` to have either \`port\` or \`path\``);
    }
    if (path !== undefined && host !== undefined) {
      throw invalidOption(`Expected \`sockets.${name}\` to have no \`host\` beside its \`path\``);
    }
  }
  const children = options.children ?? [];
  const groups = new Map(children.map((child) => [child.name, instanceNames(child)]));
  const resolved = children.flatMap((child) => resolveChild(child, sockets, groups));
  const names = new Set<string>();
  for (const child of resolved) {
    if (names.has(child.name))
      throw invalidOption(`Expected child names to be unique, got "${child.name}" twice`);
    names.add(child.name);
  }
  refuseCycles(resolved);
  return resolved;
}

/** One `ChildOptions` as the children it stands for. `groups`: the names behind each name that `after` may use. */
export function resolveChild(
  options: ChildOptions,
  sockets: Readonly<Record<string, SocketOptions>>,
  groups: ReadonlyMap<string, readonly string[]> = new Map(),
): ChildSettings[] {
  refuseContradictions(options);
  for (const socket of options.sockets ?? []) {
    if (!Object.hasOwn(sockets, socket)) {
      throw invalidOption(
        `Child "${options.name}" wants the socket "${socket}", which \`sockets\` does not have`,
      );
    }
  }
  const { instances: _instances, ...single } = options;
  const after = (options.after ?? []).flatMap((name) => {
    const members = groups.get(name);
    if (!members)
      throw invalidOption(`Child "${options.name}" is to start after "${name}", which does not exist`);
    return members;
  });
  const task = options.task ?? false;
  return instanceNames(options).map((name, index) => ({
    ...single,
    name,
    port: options.port === undefined ? undefined : options.port + index,
    args: [...(options.args ?? [])],
    // A copy: what the caller does to the object later is none of the child's business.
    env: { ...options.env },
    sockets: [...(options.sockets ?? [])],
    after,
    task,
    readiness: options.readiness ?? defaultReadiness(options),
    readyTimeoutMs: options.readyTimeoutMs ?? (task ? undefined : 30_000),
    healthCheckIntervalMs: options.healthCheckIntervalMs ?? 60_000,
    healthCheckTimeoutMs: options.healthCheckTimeoutMs ?? 5_000,
    unhealthyThreshold: options.unhealthyThreshold ?? 3,
    startGraceMs: options.startGraceMs ?? 0,
    stopSignal: options.stopSignal ?? 'SIGTERM',
    stopTimeoutMs: options.stopTimeoutMs ?? 10_000,
    deathSignal: options.deathSignal ?? 'SIGKILL',
    restart: options.restart === false ? false : { ...restartDefaults, ...options.restart },
  }));
}

const restartDefaults: Required<RestartOptions> = {
  initialDelayMs: 100,
  maxDelayMs: 30_000,
  jitter: 0.5,
  resetAfterMs: 10_000,
  maxRestarts: 10,
  windowMs: 60_000,
};

function defaultReadiness({ healthCheck, script, sockets = [] }: ChildOptions): Readiness {
  if (healthCheck) return 'health-check';
  return script !== undefined && sockets.length > 0 ? 'listening' : 'spawn';
}

function instanceNames({ name, instances }: ChildOptions): string[] {
  if (instances === undefined) return [name];
  return Array.from({ length: instances }, (_, index) => `${name}-${index + 1}`);
}

function refuseContradictions(child: ChildOptions): void {
  const { name, script, command, task, readiness, healthCheck, port, sockets = [], instances = 1 } = child;
  if ((script === undefined) === (command === undefined)) {
    throw invalidOption(`Expected child "${name}" to have either \`script\` or \`command\``);
  }
  if (readiness === 'message' && script === undefined) {
    throw invalidOption(`Child "${name}" cannot send a message: \`readiness: 'message'\` needs a \`script\``);
  }
  if (readiness === 'listening' && (script === undefined || sockets.length === 0)) {
    throw invalidOption(
      `Child "${name}" has nothing to listen on: \`readiness: 'listening'\` needs a \`script\` with \`sockets\``,
    );
  }
  if (readiness === 'health-check' && !healthCheck) {
    throw invalidOption(`Child "${name}" has \`readiness: 'health-check'\` but no \`healthCheck\``);
  }
  if (task && (readiness !== undefined || healthCheck)) {
    throw invalidOption(`Child "${name}" is a task: it has neither \`readiness\` nor \`healthCheck\``);
  }
  if (port !== undefined && (port < 1 || port + instances - 1 > 65_535)) {
    throw invalidOption(`Expected the ports of child "${name}" to be from 1 to 65535, got ${port}`);
  }
}
