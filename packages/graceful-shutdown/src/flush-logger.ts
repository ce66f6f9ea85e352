import { fstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

/** Loggers have no common way to be flushed: these are the ways of pino and winston, and what others share with them. */
interface Flushable {
  /** pino: `flush(callback)`. Others: `flush()`, with or without a promise. */
  flush?(callback?: (error?: Error) => void): unknown;
  /** winston: a Transform stream in front of its transports. */
  transports?: unknown;
  end?(callback: () => void): unknown;
}

/**
 * Resolves when what the logger has taken is written. The caller limits the time.
 *
 * winston is ended, because only its transports' own ends write what they hold; and not before it is idle: it ends transports
 * that still have lines to come, which are lost then.
 */
export async function flushLogger(logger: Logger & Flushable): Promise<void> {
  await callFlush(logger);
  await idle(logger);
  if (!Array.isArray(logger.transports) || typeof logger.end !== 'function') return;
  await new Promise<void>((resolve) => void logger.end?.(resolve));
  await idle(logger);
}

/**
 * Drops what is stuck: at 'exit', pino writes the rest synchronously, and to a pipe that nobody reads it would try forever.
 * A file takes it quickly.
 */
export function giveUpLogger(logger: Logger): void {
  for (const stream of streamsBehind(logger)) {
    const { _len = 0, fd, destroyed } = stream;
    if (destroyed || _len === 0 || typeof fd !== 'number') continue;
    const stats = fstatSync(fd);
    if (stats.isFIFO() || stats.isSocket()) stream.destroy?.();
  }
}

async function callFlush(logger: Flushable): Promise<void> {
  if (typeof logger.flush !== 'function') return;
  if (logger.flush.length === 0) await logger.flush();
  else await new Promise<void>((resolve) => void logger.flush?.(() => resolve()));
}

const LOOK_EVERY_MS = 2;

/**
 * Looks again and again, because no event tells: pino's flush() calls back at once for `pino.destination({ sync: false })`, a
 * winston transport does not say when the stream behind it has written.
 */
async function idle(logger: object): Promise<void> {
  while ([...streamsBehind(logger)].some(isBusy)) await sleep(LOOK_EVERY_MS);
}

/** Where loggers keep their streams: Console, pino.multistream and bunyan (streams, stream), winston (transports, _stream, _dest). */
const WAYS = ['_stdout', '_stderr', 'streams', 'stream', 'transports', '_stream', '_dest'];

function* streamsBehind(start: object, seen = new Set<object>()): Generator<MaybeStream> {
  if (seen.has(start)) return;
  seen.add(start);
  yield start;
  const behind = Array.isArray(start)
    ? start
    : [...WAYS, pinoStream(start)].map((way) => Reflect.get(start, way));
  for (const next of behind) if (typeof next === 'object' && next !== null) yield* streamsBehind(next, seen);
}

/** pino keeps its stream under a symbol of its own, which child loggers inherit. */
function pinoStream(start: object): symbol | string {
  for (let owner: object | null = start; owner; owner = Object.getPrototypeOf(owner)) {
    const symbol = Object.getOwnPropertySymbols(owner).find(
      ({ description }) => description === 'pino.stream',
    );
    if (symbol) return symbol;
  }
  return '';
}

interface MaybeStream {
  readonly destroyed?: boolean;
  readonly writableLength?: number;
  readonly readableLength?: number;
  /** null as long as nobody reads: then nothing will ever come out. */
  readonly readableFlowing?: boolean | null;
  /** sonic-boom, which is pino's destination: characters that are not written yet. */
  readonly _len?: number;
  readonly fd?: number;
  destroy?(): unknown;
}

function isBusy(stream: MaybeStream): boolean {
  if (stream.destroyed) return false;
  const { writableLength = 0, readableLength = 0, readableFlowing = null, _len = 0 } = stream;
  return writableLength > 0 || (readableLength > 0 && readableFlowing !== null) || _len > 0;
}
