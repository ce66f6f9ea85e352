import { constants } from 'node:os';
import { SupervisorError } from '../errors.ts';
import { sinkRule } from '../output/sink-rules.ts';
import type { SinkOptions } from '../output/sink-options.ts';
import { didYouMean } from './suggestion.ts';
import type { ChildOptions, RestartOptions, SocketOptions, SupervisorOptions } from './options.ts';

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
  sinks([sink], 'output');
}

export function invalidOption(message: string): SupervisorError {
  return new SupervisorError('INVALID_OPTION', message);
}

export type Rule = (value: unknown, path: string) => void;
export type Rules<T> = Record<keyof Required<T>, Rule>;

// Timers of Node.js take 31 bits and fire at once beyond that.
const MAX_DURATION_MS = 2 ** 31 - 1;

export const text = rule('a non-empty string', (value) => typeof value === 'string' && value !== '');
export const flag = rule('a boolean', (value) => typeof value === 'boolean');
export const port = rule('a port from 0 to 65535', (value) => isWhole(value, 0) && value <= 65_535);
export const count = rule('a positive integer', (value) => isWhole(value, 1));
// More would be a slip of the fingers that takes the machine down.
const instances = rule('an integer from 1 to 1000', (value) => isWhole(value, 1) && value <= 1_000);
const duration = rule(
  `a positive number of milliseconds up to ${MAX_DURATION_MS}`,
  (value) => isNumber(value) && value > 0 && value <= MAX_DURATION_MS,
);
const delay = rule(
  `a number of milliseconds from 0 to ${MAX_DURATION_MS}`,
  (value) => isNumber(value) && value >= 0 && value <= MAX_DURATION_MS,
);
const share = rule('a number from 0 to 1', (value) => isNumber(value) && value >= 0 && value <= 1);
const signal = rule(
  'the name of a signal',
  (value) => typeof value === 'string' && value in constants.signals,
);
const callback = rule('a function', (value) => typeof value === 'function');
const childName = rule(
  'letters, digits, dots, dashes and underscores',
  (value) => typeof value === 'string' && /^[\w.-]+$/.test(value),
);

/** The value may be a secret, even one of the wrong type: it is not shown. */
const variable: Rule = (value, path) => {
  if (typeof value === 'string') return;
  const got = typeof value === 'object' ? describe(value) : `a ${typeof value}`;
  throw invalidOption(`Expected \`${path}\` to be a string, got ${got}`);
};

const restartRules: Rules<RestartOptions> = {
  initialDelayMs: duration,
  maxDelayMs: duration,
  jitter: share,
  resetAfterMs: duration,
  maxRestarts: rule('a non-negative integer', (value) => isWhole(value, 0)),
  windowMs: duration,
};

const sinks = listOf(sinkRule({ rule, count, duration, flag, text, checkKeys }));

const childRules: Rules<ChildOptions> = {
  name: childName,
  script: text,
  command: text,
  args: listOf(rule('a string', (value) => typeof value === 'string')),
  cwd: text,
  env: recordOf(variable),
  user: rule(
    'a user name or number',
    (value) => (typeof value === 'string' && value !== '') || isWhole(value, 0),
  ),
  port,
  instances,
  sockets: listOf(text),
  after: listOf(text),
  task: flag,
  readiness: rule("'message', 'listening', 'notify', 'health-check' or 'spawn'", (value) =>
    ['message', 'listening', 'notify', 'health-check', 'spawn'].includes(value as string),
  ),
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
  envFile: text,
  reload: rule("'overlap', 'stop-first' or 'none'", (value) =>
    ['overlap', 'stop-first', 'none'].includes(value as string),
  ),
  reloadPauseMs: delay,
  heartbeatTimeoutMs: rule(
    'false or a number from 100 on',
    (value) => value === false || (isNumber(value) && value >= 100 && value <= MAX_DURATION_MS),
  ),
  output: sinks,
  spare: flag,
  memoryLimitBytes: count,
  memoryCheckIntervalMs: duration,
  onChildExit: callback,
  onChildExitTimeoutMs: duration,
  namespace: flag,
};

const socketRules: Rules<SocketOptions> = { port, host: text, path: text };

const supervisorRules: Rules<SupervisorOptions> = {
  children: listOf((value, path) => checkKeys(value, path, childRules, ['name'])),
  // A colon separates the names in LISTEN_FDNAMES.
  sockets: (value, path) => {
    recordOf((socket, socketPath) => checkKeys(socket, socketPath, socketRules))(value, path);
    for (const name of Object.keys(value as object)) childName(name, `the name of ${path}.${name}`);
  },
  signals: listOf(signal),
  reloadSignals: listOf(signal),
  configure: rule('a function', (value) => typeof value === 'function'),
  reloadParallelism: count,
  output: sinks,
  controlSocket: text,
  alertIntervalMs: duration,
  onChildExit: callback,
  onChildExitTimeoutMs: duration,
};

/** Throws `INVALID_OPTION` when something is no object, lacks a required key, or has one that is unknown or wrong. */
export function checkKeys(
  value: unknown,
  path: string,
  rules: Record<string, Rule>,
  required: readonly string[] = [],
): void {
  if (!isObject(value)) throw expected(path || 'options', 'an object', value);
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(rules, key)) throw unknownOption(path, key, Object.keys(rules));
  }
  for (const [key, check] of Object.entries(rules)) {
    if (value[key] !== undefined || required.includes(key)) check(value[key], join(path, key));
  }
}

function unknownOption(path: string, key: string, known: readonly string[]): SupervisorError {
  return invalidOption(`Unknown option \`${join(path, key)}\`${didYouMean(key, known)}`);
}

export function rule(what: string, isRight: (value: unknown) => boolean): Rule {
  return (value, path) => {
    if (!isRight(value)) throw expected(path, what, value);
  };
}

export function listOf(check: Rule): Rule {
  return (value, path) => {
    if (!Array.isArray(value)) throw expected(path, 'an array', value);
    for (const [index, item] of value.entries()) check(item, `${path}[${index}]`);
  };
}

export function recordOf(check: Rule): Rule {
  return (value, path) => {
    if (!isObject(value)) throw expected(path, 'an object', value);
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) check(item, join(path, key));
    }
  };
}

function expected(path: string, what: string, value: unknown): SupervisorError {
  return invalidOption(`Expected \`${path}\` to be ${what}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 100 ? `${value.slice(0, 100)}…` : value}'`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isWhole(value: unknown, min: number): value is number {
  return Number.isInteger(value) && (value as number) >= min;
}
