import type { OutputEvent } from '../events.ts';
import type { Stream } from './lines.ts';

/**
 * What a pino or winston logger has, and many others. Those like pino get `(fields, message)`, all others `(message, fields)`.
 */
export interface Logger {
  info(...args: never[]): unknown;
  error(...args: never[]): unknown;
  warn(...args: never[]): unknown;
}

/** Which method of the logger takes the lines of a stream. @default { stdout: 'info', stderr: 'error' } */
export type LogLevels = Partial<Readonly<Record<Stream, string>>>;

/**
 * Logs lines. A line that is a JSON object with a message, as loggers write it, is logged with that message, its own level and
 * its fields, not as JSON in a string.
 */
export function logLines(logger: Logger, streamLevels: LogLevels = {}): (event: OutputEvent) => void {
  const methods = logger as unknown as Record<string, unknown>;
  const isFieldsFirst =
    typeof methods['bindings'] === 'function' || typeof methods['addSerializers'] === 'function';
  return ({ child, pid, stream, line }) => {
    const parsed = parse(line);
    const level = parsed?.level ?? streamLevels[stream] ?? defaultLevels[stream];
    const fields = { ...parsed?.fields, child, childPid: pid, stream };
    const log = methods[level] ?? methods[defaultLevels[stream]];
    if (typeof log !== 'function') throw new TypeError(`The logger has no method "${level}"`);
    log.apply(logger, isFieldsFirst ? [fields, parsed?.message ?? line] : [parsed?.message ?? line, fields]);
  };
}

const defaultLevels: Readonly<Record<Stream, string>> = { stdout: 'info', stderr: 'error' };

interface Parsed {
  readonly level: string | undefined;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function parse(line: string): Parsed | undefined {
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const message = entry['msg'] ?? entry['message'];
    if (typeof message !== 'string') return undefined;
    const fields = Object.fromEntries(Object.entries(entry).filter(([key]) => !ofTheLogger.has(key)));
    const loggedAt = entry['time'] ?? entry['timestamp'];
    return {
      level: levels.get(String(entry['level'])),
      message,
      fields: loggedAt === undefined ? fields : { ...fields, loggedAt },
    };
  } catch {
    return undefined; // It only looks like JSON.
  }
}

/** What the supervisor's own logger writes itself, or what is named in another way. */
const ofTheLogger = new Set(['level', 'time', 'timestamp', 'msg', 'message', 'pid', 'hostname', 'v']);

/** The methods that a child may choose, by the names and the numbers that loggers use. That it died is for its supervisor to say: no `fatal`. */
const levels: ReadonlyMap<string, string> = new Map([
  ...['trace', 'debug', 'info', 'warn', 'error', 'silly', 'verbose', 'http'].map(
    (name) => [name, name] as const,
  ),
  ['warning', 'warn'],
  ['fatal', 'error'],
  ['10', 'trace'],
  ['20', 'debug'],
  ['30', 'info'],
  ['40', 'warn'],
  ['50', 'error'],
  ['60', 'error'],
]);
