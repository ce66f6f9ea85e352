import { canOverlap, defaultReadiness, inheritsSockets } from './defaults.ts';
import type { ChildOptions, SupervisorOptions } from './options.ts';
import { invalidOption } from './rules.ts';

/** Options that are right each by itself and do not go together. Throws `INVALID_OPTION`. */
export function refuseContradictions(child: ChildOptions): void {
  const { name, script, command, task, readiness, healthCheck, port, instances = 1 } = child;
  if ((script === undefined) === (command === undefined)) {
    throw invalidOption(`Expected child "${name}" to have either \`script\` or \`command\``);
  }
  if (readiness === 'message' && script === undefined) {
    throw invalidOption(`Child "${name}" cannot send a message: \`readiness: 'message'\` needs a \`script\``);
  }
  if (readiness === 'listening' && (script === undefined || !inheritsSockets(child))) {
    throw invalidOption(
      `Child "${name}" has nothing to listen on: \`readiness: 'listening'\` needs a \`script\` with \`sockets\` or \`listen\``,
    );
  }
  if (readiness === 'health-check' && !healthCheck) {
    throw invalidOption(`Child "${name}" has \`readiness: 'health-check'\` but no \`healthCheck\``);
  }
  if (!healthCheck) refuseHealthTimes(child);
  if (child.spare) refuseSpare(child);
  if (task && (readiness !== undefined || healthCheck)) {
    throw invalidOption(`Child "${name}" is a task: it has neither \`readiness\` nor \`healthCheck\``);
  }
  if (task && child.memoryLimitBytes !== undefined) {
    throw invalidOption(`Child "${name}" is a task: it has no \`memoryLimitBytes\``);
  }
  if (child.heartbeatTimeoutMs && (script === undefined || task)) {
    throw invalidOption(
      `Child "${name}" has no heartbeat: \`heartbeatTimeoutMs\` needs a \`script\` that is no task`,
    );
  }
  if (child.namespace && (child.deathSignal ?? 'SIGKILL') !== 'SIGKILL') {
    throw invalidOption(
      `Child "${name}" has a \`namespace\`, which ends at once: its \`deathSignal\` can only be SIGKILL`,
    );
  }
  if (port !== undefined && (port < 1 || port + instances - 1 > 65_535)) {
    throw invalidOption(`Expected the ports of child "${name}" to be from 1 to 65535, got ${port}`);
  }
  refuseListen(child);
  refuseReload(child);
}

/** Whoever wrote them counts on a check. */
function refuseHealthTimes(child: ChildOptions): void {
  const given = healthTimes.filter((option) => child[option] !== undefined).join('`, `');
  if (given) throw invalidOption(`Child "${child.name}" has \`${given}\` but no \`healthCheck\``);
}

const healthTimes = [
  'healthCheckIntervalMs',
  'healthCheckTimeoutMs',
  'unhealthyThreshold',
  'startGraceMs',
] as const;

/** A signal can only stop or reload. Throws `INVALID_OPTION`. */
export function refuseSameSignals({ signals = [], reloadSignals = [] }: SupervisorOptions): void {
  const both = signals.find((name) => reloadSignals.includes(name));
  if (both !== undefined)
    throw invalidOption(`Expected ${both} to be in \`signals\` or \`reloadSignals\`, got both`);
}

function refuseListen({ name, port, listen, ownSockets = {}, instances = 1 }: ChildOptions): void {
  if (listen?.port !== undefined && port !== undefined)
    throw invalidOption(`Child "${name}" has either \`port\` or \`listen.port\``);
  for (const { port: first = 0 } of [...(listen ? [listen] : []), ...Object.values(ownSockets)]) {
    if (first + instances - 1 > 65_535)
      throw invalidOption(`Expected the ports of child "${name}" to be up to 65535, got ${first}`);
  }
}

function refuseReload(child: ChildOptions): void {
  const { name, task, reload, sockets = [], listen, ownSockets = {} } = child;
  if (reload !== undefined && task) throw invalidOption(`Child "${name}" is a task: it has no \`reload\``);
  const inherited = [...(listen ? [listen] : []), ...sockets, ...Object.values(ownSockets)];
  if (reload !== 'overlap' || canOverlap(inherited, child.readiness ?? defaultReadiness(child))) return;
  throw invalidOption(
    `Child "${name}" cannot have \`reload: 'overlap'\`: it needs held sockets, and \`readiness: 'message'\`, \`'listening'\` or \`'notify'\``,
  );
}

function refuseSpare(child: ChildOptions): void {
  const { name, script, readiness = defaultReadiness(child) } = child;
  const saysIt = readiness === 'listening' || readiness === 'message';
  if (script === undefined || !inheritsSockets(child) || !saysIt) {
    throw invalidOption(
      `Child "${name}" cannot have a \`spare\`: it needs a \`script\` with \`sockets\` or \`listen\`, and \`readiness: 'listening'\` or \`'message'\``,
    );
  }
  if (child.task) throw invalidOption(`Child "${name}" is a task: it has no \`spare\``);
  if (child.restart === false) {
    throw invalidOption(`Child "${name}" has a \`spare\`, which \`restart: false\` never lets take over`);
  }
}
