import { constants } from 'node:os';
import { Server } from 'node:net';
import { OptionError } from './errors.ts';
import type { Hook, HookStage, ShutdownHook } from './hooks.ts';
import type { Logger } from './logger.ts';
import type {
  GracefulShutdownOptions,
  HealthOptions,
  HookOptions,
  ShutdownSettings,
  TerminateOptions,
  TerminateSettings,
} from './options.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Checks the options of `gracefulShutdown()` and fills in the defaults. */
export function readOptions(options: GracefulShutdownOptions): ShutdownSettings {
  const {
    servers = [],
    signals = ['SIGTERM', 'SIGINT'],
    parentMessages = [],
    parentDisconnect = false,
    timeoutMs = 30_000,
    delayMs = 0,
    idleGraceMs,
    headTimeoutMs = 2_000,
    refuseWith = false,
    handleCrashes = true,
    crashTimeoutMs = 500,
    handleWarnings = false,
    forcedExitCode,
    logger = console,
    flush,
    flushTimeoutMs = 1_000,
    exit = (code: number): unknown => process.exit(code),
    ...unknown
  } = asObject('options', options);
  refuseUnknown(unknown);
  for (const [index, server] of asArray('servers', servers).entries())
    checkServer(`servers[${index}]`, server);
  for (const [index, signal] of asArray('signals', signals).entries())
    checkSignal(`signals[${index}]`, signal);
  for (const [index, message] of asArray('parentMessages', parentMessages).entries())
    checkName(`parentMessages[${index}]`, message);
  checkBoolean('parentDisconnect', parentDisconnect);
  checkPositive('timeoutMs', timeoutMs);
  checkDuration('delayMs', delayMs);
  if (delayMs >= timeoutMs)
    throw expected('delayMs', `to be less than \`timeoutMs\` (${timeoutMs})`, delayMs);
  if (idleGraceMs !== undefined) {
    checkDuration('idleGraceMs', idleGraceMs);
    const most = timeoutMs - delayMs;
    if (idleGraceMs >= most)
      throw expected('idleGraceMs', `to be less than \`timeoutMs - delayMs\` (${most})`, idleGraceMs);
  }
  checkPositive('headTimeoutMs', headTimeoutMs);
  if (refuseWith !== false && !(Number.isInteger(refuseWith) && refuseWith >= 500 && refuseWith <= 599))
    throw expected('refuseWith', 'to be false or a status from 500 to 599', refuseWith);
  checkBoolean('handleCrashes', handleCrashes);
  checkPositive('crashTimeoutMs', crashTimeoutMs);
  checkBoolean('handleWarnings', handleWarnings);
  if (forcedExitCode !== undefined) checkExitCode('forcedExitCode', forcedExitCode);
  checkLogger(logger);
  checkFlush(flush, flushTimeoutMs);
  if (typeof exit !== 'function') throw expected('exit', 'to be a function', exit);
  return {
    servers,
    signals: [...new Set(signals)],
    parentMessages,
    parentDisconnect,
    timeoutMs,
    delayMs,
    idleGraceMs: idleGraceMs ?? Math.min(100, (timeoutMs - delayMs) / 2),
    headTimeoutMs,
    refuseWith,
    handleCrashes,
    crashTimeoutMs,
    handleWarnings,
    forcedExitCode,
    logger,
    flush,
    flushTimeoutMs,
    exit,
  };
}

/** Checks the options of `terminate()` and fills in the defaults. */
export function readTerminateOptions(options: TerminateOptions): TerminateSettings {
  const {
    coredump = false,
    timeoutMs = 500,
    logger = console,
    flush,
    flushTimeoutMs = 1_000,
    ...unknown
  } = asObject('options', options);
  refuseUnknown(unknown);
  checkBoolean('coredump', coredump);
  checkPositive('timeoutMs', timeoutMs);
  checkLogger(logger);
  checkFlush(flush, flushTimeoutMs);
  const fromOutside = process.env.GRACEFUL_SHUTDOWN_COREDUMP === '1';
  return { coredump: coredump || fromOutside, timeoutMs, logger, flush, flushTimeoutMs };
}

const STAGES: readonly HookStage[] = ['signal', 'drained', 'exit'];

/** Checks the arguments of `onShutdown()` and fills in the defaults. */
export function readHook(name: string, run: ShutdownHook, options: HookOptions): Hook {
  checkName('name', name);
  if (typeof run !== 'function') throw expected('hook', 'to be a function', run);
  const { timeoutMs = 5_000, stage = 'drained', phase = 0, ...unknown } = asObject('options', options);
  refuseUnknown(unknown);
  checkPositive('timeoutMs', timeoutMs);
  if (!STAGES.includes(stage)) throw expected('stage', `to be one of ${STAGES.join(', ')}`, stage);
  if (!Number.isFinite(phase)) throw expected('phase', 'to be a finite number', phase);
  return { name, run, timeoutMs, stage, phase };
}

/** Checks the options of `healthHandler()` and fills in the defaults. */
export function readHealthOptions(options: HealthOptions): Required<HealthOptions> {
  const {
    checks = {},
    liveChecks = {},
    timeoutMs = 1_000,
    cacheMs = 1_000,
    logger = console,
    ...unknown
  } = asObject('options', options);
  refuseUnknown(unknown);
  for (const [group, all] of Object.entries({ checks, liveChecks })) {
    for (const [name, check] of Object.entries(asObject(group, all)))
      if (typeof check !== 'function') throw expected(`${group}.${name}`, 'to be a function', check);
  }
  checkPositive('timeoutMs', timeoutMs);
  checkDuration('cacheMs', cacheMs);
  checkLogger(logger);
  return { checks, liveChecks, timeoutMs, cacheMs, logger };
}

export function checkServer(name: string, value: unknown): asserts value is Server {
  if (value instanceof Server) return;
  const hint = typeof value === 'function' ? ' (of an express app, give what `app.listen()` returns)' : '';
  throw expected(name, `to be a server of node:http, https, http2, net or tls${hint}`, value);
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

function asObject<T>(name: string, value: T): T {
  if (typeof value !== 'object' || value === null) throw expected(name, 'to be an object', value);
  return value;
}

function asArray<T>(name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw expected(name, 'to be an array', value);
  return value;
}

function refuseUnknown(rest: object): void {
  const [name] = Object.keys(rest);
  if (name !== undefined) throw new OptionError(name, `Unknown option \`${name}\``);
}

function checkPositive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) throw expected(name, 'to be a positive number', value);
  checkRange(name, value);
}

function checkDuration(name: string, value: number): void {
  if (!Number.isFinite(value) || value < 0) throw expected(name, 'to be zero or a positive number', value);
  checkRange(name, value);
}

/** Node turns a longer timer into one of 1 ms. */
function checkRange(name: string, value: number): void {
  if (value > LONGEST_TIMER_MS) throw expected(name, `to be at most ${LONGEST_TIMER_MS}`, value);
}

function checkBoolean(name: string, value: boolean): void {
  if (typeof value !== 'boolean') throw expected(name, 'to be a boolean', value);
}

function checkName(name: string, value: string): void {
  if (typeof value !== 'string' || value === '') throw expected(name, 'to be a non-empty string', value);
}

export function checkExitCode(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 255)
    throw expected(name, 'to be an integer from 0 to 255', value);
}

function checkFlush(flush: unknown, flushTimeoutMs: number): void {
  if (flush !== undefined && typeof flush !== 'function') throw expected('flush', 'to be a function', flush);
  checkPositive('flushTimeoutMs', flushTimeoutMs);
}

/** Only Windows has the first, only others have the rest: one list of signals serves both. */
const SIGNALS_ELSEWHERE: ReadonlySet<string> = new Set(['SIGBREAK', 'SIGUSR2', 'SIGQUIT']);

function checkSignal(name: string, value: NodeJS.Signals): void {
  if (!Object.hasOwn(constants.signals, value) && !SIGNALS_ELSEWHERE.has(value))
    throw expected(name, 'to be the name of a signal', value);
  if (value === 'SIGKILL' || value === 'SIGSTOP')
    throw expected(name, 'to be a signal that can be caught', value);
}

function checkLogger(logger: Logger): void {
  for (const method of ['info', 'warn', 'error'] as const) {
    if (typeof logger?.[method] !== 'function')
      throw expected('logger', `to have a method \`${method}\``, logger);
  }
}
