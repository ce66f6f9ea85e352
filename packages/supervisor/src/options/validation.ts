import { constants } from 'node:os';
import type { SinkOptions } from '../output/sink-options.ts';
import { sinkRule } from '../output/sink-rules.ts';
import type { ChildOptions, RestartOptions, SocketOptions, SupervisorOptions } from './options.ts';
import {
  callback,
  checkKeys,
  count,
  delay,
  describe,
  duration,
  flag,
  invalidOption,
  isNumber,
  isObject,
  isWhole,
  listOf,
  MAX_DURATION_MS,
  oneOf,
  port,
  recordOf,
  rule,
  share,
  signal,
  text,
  type Rule,
  type Rules,
} from './rules.ts';

/** Throws `INVALID_OPTION` at the first option that is unknown or has the wrong type. What options mean to each other is checked where they are resolved. */
export function validateOptions(options: unknown): asserts options is SupervisorOptions {
  checkKeys(options, '', supervisorRules);
}

/** The same for one child that joins later. */
export function validateChildOptions(options: unknown): asserts options is ChildOptions {
  checkKeys(options, 'child', childRules, ['name']);
}

/** How many instances a group is to have. */
export function validateInstances(value: unknown): asserts value is number {
  instances(value, 'instances');
}

/** The same for one sink that joins later. */
export function validateSink(sink: unknown): asserts sink is SinkOptions {
  sinkRule(sink, 'output[0]');
}

// More would be a slip of the fingers that takes the machine down.
const instances = rule('an integer from 1 to 1000', (value) => isWhole(value, 1) && value <= 1_000);

const childName = rule(
  'letters, digits, dots, dashes and underscores',
  (value) => typeof value === 'string' && /^[\w.-]+$/.test(value),
);

const argument = rule('a string without NUL', (value) => typeof value === 'string' && !value.includes(NUL));

/** The value may be a secret, even one of the wrong type: it is not shown. Nor by Node.js, which would show one with a NUL. */
const variable: Rule = (value, path) => {
  if (typeof value === 'string' && !value.includes(NUL)) return;
  const kind = typeof value === 'string' ? 'one with NUL' : `a ${typeof value}`;
  const got = typeof value === 'object' ? describe(value) : kind;
  throw invalidOption(`Expected \`${path}\` to be a string without NUL, got ${got}`);
};

const NUL = '\0';

const variables: Rule = (value, path) => {
  recordOf(variable)(value, path);
  for (const name of Object.keys(value as object)) variableName(name, `the name of a variable in ${path}`);
};

const variableName = rule(
  'a non-empty string without `=` and NUL',
  (value) => typeof value === 'string' && /^[^=\0]+$/.test(value),
);

const takenSignal = rule(
  'the name of a signal that a process can take',
  (value) =>
    typeof value === 'string' && value in constants.signals && value !== 'SIGKILL' && value !== 'SIGSTOP',
);

const restartRules: Rules<RestartOptions> = {
  initialDelayMs: duration,
  maxDelayMs: duration,
  jitter: share,
  resetAfterMs: duration,
  maxRestarts: rule('a non-negative integer', (value) => isWhole(value, 0)),
  windowMs: duration,
};

const childRules: Rules<ChildOptions> = {
  name: childName,
  script: text,
  command: text,
  args: listOf(argument),
  cwd: text,
  env: variables,
  user: rule(
    'a user name or number',
    (value) => (typeof value === 'string' && value !== '') || isWhole(value, 0),
  ),
  port,
  instances,
  sockets: listOf(text),
  after: listOf(text),
  task: flag,
  readiness: oneOf('message', 'listening', 'notify', 'health-check', 'spawn'),
  readyTimeoutMs: duration,
  healthCheck: rule(
    "a function, a probe or an object with the `type` 'http', 'tcp' or 'line'",
    (value) =>
      typeof value === 'function' ||
      (isObject(value) &&
        (typeof value['probe'] === 'function' || ['http', 'tcp', 'line'].includes(value['type'] as string))),
  ),
  healthCheckIntervalMs: duration,
  healthCheckTimeoutMs: duration,
  unhealthyThreshold: count,
  startGraceMs: delay,
  stopSignal: signal,
  stopTimeoutMs: duration,
  deathSignal: signal,
  restart: (value, path) => {
    if (value !== false) checkKeys(value, path, restartRules);
  },
  listen: (value, path) => checkKeys(value, path, socketRules),
  ownSockets: (value, path) => socketsByName(value, path),
  envFile: text,
  reload: oneOf('overlap', 'stop-first', 'none'),
  reloadPauseMs: delay,
  heartbeatTimeoutMs: rule(
    'false or a number of milliseconds from 100 on',
    (value) => value === false || (isNumber(value) && value >= 100 && value <= MAX_DURATION_MS),
  ),
  output: listOf(sinkRule),
  spare: flag,
  memoryLimitBytes: count,
  memoryCheckIntervalMs: duration,
  onChildExit: callback,
  onChildExitTimeoutMs: duration,
  namespace: flag,
};

const socketRules: Rules<SocketOptions> = { port, host: text, path: text };

const socketsByName: Rule = (value, path) => {
  recordOf((socket, socketPath) => checkKeys(socket, socketPath, socketRules))(value, path);
  // A colon separates the names in LISTEN_FDNAMES.
  for (const name of Object.keys(value as object)) childName(name, `the name of ${path}.${name}`);
};

const supervisorRules: Rules<SupervisorOptions> = {
  children: listOf((value, path) => checkKeys(value, path, childRules, ['name'])),
  sockets: (value, path) => socketsByName(value, path),
  signals: listOf(takenSignal),
  reloadSignals: listOf(takenSignal),
  configure: callback,
  reloadParallelism: count,
  output: listOf(sinkRule),
  controlSocket: text,
  alertIntervalMs: duration,
  onChildExit: callback,
  onChildExitTimeoutMs: duration,
  onAlert: callback,
};
