import { constants } from 'node:os';
import { Server } from 'node:net';
import { OptionError } from './errors.ts';
import type { Hook, HookStage, ShutdownHook } from './hooks.ts';
import type {
  GracefulShutdownOptions,
  HealthOptions,
  HookOptions,
  ShutdownSettings,
  TerminateSettings,
} from './options.ts';

/** Throws an OptionError for a wrong value. */
type Check = (name: string, value: unknown) => void;
/** For each option its default, and what its value has to pass when it is given. */
type Rules<T> = { readonly [Name in keyof T]-?: readonly [byDefault: T[Name], check: Check] };

/** Checks the options of `gracefulShutdown()` and fills in the defaults. */
export function readOptions(options: GracefulShutdownOptions): ShutdownSettings {
  const settings = readByRules(SHUTDOWN_RULES, options);
  const { timeoutMs, delayMs } = settings;
  if (delayMs >= timeoutMs)
    throw expected('delayMs', `to be less than \`timeoutMs\` (${timeoutMs})`, delayMs);
  const most = timeoutMs - delayMs;
  // The default gives way.
  const { idleGraceMs = Math.min(settings.idleGraceMs, most / 2) } = options;
  if (idleGraceMs >= most)
    throw expected('idleGraceMs', `to be less than \`timeoutMs - delayMs\` (${most})`, idleGraceMs);
  return { ...settings, idleGraceMs };
}

/** Checks the arguments of `onShutdown()` and fills in the defaults. */
export function readHook(name: string, run: ShutdownHook, options: HookOptions): Hook {
  checkName('name', name);
  checkFunction('hook', run);
  return { name, run, ...readByRules(HOOK_RULES, options) };
}

/** Checks options and fills in the defaults. */
export function readByRules<T extends object>(rules: Rules<T>, options: object): T {
  checkObject('options', options);
  for (const name of Object.keys(options))
    if (!Object.hasOwn(rules, name)) throw new OptionError(name, `Unknown option \`${name}\``);
  const settings: Record<string, unknown> = {};
  for (const [name, [byDefault, check]] of Object.entries<readonly [unknown, Check]>(rules)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) check(name, value);
    settings[name] = value === undefined ? byDefault : value;
  }
  return settings as T;
}

export function expected(option: string, what: string, got: unknown): OptionError {
  return new OptionError(option, `Expected \`${option}\` ${what}, got ${show(got)}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null)
    return `an object of class ${value.constructor?.name ?? 'null'}`;
  return typeof value === 'function' ? 'a function' : String(value);
}

function checkThat(what: string, holds: (value: unknown) => boolean): Check {
  return (name, value) => {
    if (!holds(value)) throw expected(name, what, value);
  };
}

function checkEach(...checks: Check[]): Check {
  return (name, values) => {
    if (!Array.isArray(values)) throw expected(name, 'to be an array', values);
    for (const [index, value] of values.entries())
      for (const check of checks) check(`${name}[${index}]`, value);
  };
}

const isInteger = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

const checkType = (type: string): Check => checkThat(`to be a ${type}`, (value) => typeof value === type);
const checkBoolean = checkType('boolean');
const checkFunction = checkType('function');
export const checkString = checkType('string');
const checkObject = checkThat('to be an object', (value) => typeof value === 'object' && value !== null);
const checkName = checkThat('to be a non-empty string', (value) => typeof value === 'string' && value !== '');
export const checkExitCode = checkThat('to be an integer from 0 to 255', (value) => isInteger(value, 0, 255));

/** Node turns a longer timer into one of 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const checkPositive = checkTimer('to be a positive number', (value) => value > 0);
const checkDuration = checkTimer('to be zero or a positive number', (value) => value >= 0);

function checkTimer(what: string, holds: (value: number) => boolean): Check {
  return (name, value) => {
    if (!Number.isFinite(value) || !holds(Number(value))) throw expected(name, what, value);
    if (Number(value) > LONGEST_TIMER_MS) throw expected(name, `to be at most ${LONGEST_TIMER_MS}`, value);
  };
}

export function checkServer(name: string, value: unknown): void {
  if (value instanceof Server) return;
  const hint = typeof value === 'function' ? ' (of an express app, give what `app.listen()` returns)' : '';
  throw expected(name, `to be a server of node:http, https, http2, net or tls${hint}`, value);
}

/** Only Windows has the first, only others have the rest: one list of signals serves both. */
const SIGNALS = new Set<unknown>([...Object.keys(constants.signals), 'SIGBREAK', 'SIGUSR2', 'SIGQUIT']);
const checkSignal = checkThat('to be the name of a signal', (value) => SIGNALS.has(value));
const checkCatchable = checkThat(
  'to be a signal that can be caught',
  (value) => value !== 'SIGKILL' && value !== 'SIGSTOP',
);

function checkLogger(name: string, value: unknown): void {
  for (const method of ['info', 'warn', 'error'])
    if (typeof (value as Partial<Record<string, unknown>> | null)?.[method] !== 'function')
      throw expected(name, `to have a method \`${method}\``, value);
}

function checkHealthChecks(name: string, value: unknown): void {
  checkObject(name, value);
  for (const [check, run] of Object.entries(value as object)) checkFunction(`${name}.${check}`, run);
}

const LOG_RULES = {
  logger: [console, checkLogger],
  flush: [undefined, checkFunction],
  flushTimeoutMs: [1_000, checkPositive],
} as const;

const SHUTDOWN_RULES: Rules<ShutdownSettings> = {
  servers: [[], checkEach(checkServer)],
  signals: [['SIGTERM', 'SIGINT'], checkEach(checkSignal, checkCatchable)],
  parentMessages: [[], checkEach(checkName)],
  parentDisconnect: [false, checkBoolean],
  timeoutMs: [30_000, checkPositive],
  delayMs: [0, checkDuration],
  idleGraceMs: [100, checkDuration],
  headTimeoutMs: [2_000, checkPositive],
  refuseWith: [
    false,
    checkThat(
      'to be false or a status from 500 to 599',
      (value) => value === false || isInteger(value, 500, 599),
    ),
  ],
  handleCrashes: [true, checkBoolean],
  crashTimeoutMs: [500, checkPositive],
  handleWarnings: [false, checkBoolean],
  forcedExitCode: [undefined, checkExitCode],
  exit: [(code) => process.exit(code), checkFunction],
  ...LOG_RULES,
};

/** The options of `terminate()`. */
export const TERMINATE_RULES: Rules<TerminateSettings> = {
  coredump: [false, checkBoolean],
  timeoutMs: [500, checkPositive],
  ...LOG_RULES,
};

const STAGES: readonly unknown[] = ['signal', 'drained', 'exit'] satisfies HookStage[];
const HOOK_RULES: Rules<Required<HookOptions>> = {
  timeoutMs: [5_000, checkPositive],
  stage: ['drained', checkThat(`to be one of ${STAGES.join(', ')}`, (value) => STAGES.includes(value))],
  phase: [0, checkThat('to be a finite number', Number.isFinite)],
};

/** The options of `healthHandler()`. */
export const HEALTH_RULES: Rules<Required<HealthOptions>> = {
  checks: [{}, checkHealthChecks],
  liveChecks: [{}, checkHealthChecks],
  timeoutMs: [1_000, checkPositive],
  cacheMs: [1_000, checkDuration],
  logger: LOG_RULES.logger,
};
