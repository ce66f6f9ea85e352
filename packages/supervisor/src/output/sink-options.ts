import type { OutputEvent } from '../events.ts';
import type { Logger, LogLevels } from './logger.ts';

/** Where lines go. A slow sink has a queue of its own for every stream of every child. */
export type SinkOptions = ConsoleSinkOptions | FileSinkOptions | LoggerSinkOptions | FunctionSinkOptions;

/** What all sinks have. */
export interface SinkLimits {
  /** So much of one stream of one process may wait for this sink. @default 2 MiB, with `whenFull: 'drop'` 8 MiB */
  maxBufferedBytes?: number;
  /**
   * What happens to a child that writes more than the sink takes. `wait`: its stream is not read for the time being, so that it is
   * slowed as by a plain pipe; a sink that takes nothing at all for `maxWaitMs` loses lines after all. `drop`: it is never held up,
   * and the newest lines are lost. What was lost is said in the sink, where it is missing, and by a `dropped` event.
   * @default 'wait' for the console and files, 'drop' for functions and loggers
   */
  whenFull?: 'wait' | 'drop';
  /** `false`: as long as the child lives. At its end, and at ours, a sink has five seconds. @default 1_000 */
  maxWaitMs?: number | false;
}

/** Our own standard output and error, each line tagged with the child's name. */
export interface ConsoleSinkOptions extends SinkLimits {
  type: 'console';
}

/** A file that lines are appended to. */
export interface FileSinkOptions extends SinkLimits {
  type: 'file';
  /** `{child}` and `{stream}` in it are replaced. Its folder is made. Several may write to the same file. */
  path: string;
  /**
   * `raw`: the bytes as they are. `tagged`: `2030-01-31T23:59:59.999Z child | line`, `child stderr | line`. `json`: one object a
   * line with `time`, `child`, `pid`, `stream` and `line`, or `data` where the line is a JSON object itself.
   * @default 'tagged'
   */
  format?: 'raw' | 'tagged' | 'json';
  /** A file is moved away before it would grow beyond this. @default it grows */
  maxBytes?: number;
  /** A file is moved away with the first line that comes so long after its own first one. @default it stays */
  maxAgeMs?: number;
  /** How many that were moved away are kept. @default 10 */
  keep?: number;
  /** Those that were moved away are compressed with gzip. @default false */
  compress?: boolean;
}

/** A pino or winston logger, or one like them. Lines that are JSON log entries keep their message, level and fields. */
export interface LoggerSinkOptions extends SinkLimits {
  type: 'logger';
  logger: Logger;
  /** Methods of the logger. @default { stdout: 'info', stderr: 'error' } */
  levels?: LogLevels;
}

/** A function that gets one line after the other. The next one waits for the promise that it returns. */
export interface FunctionSinkOptions extends SinkLimits {
  type: 'function';
  onLine: (event: OutputEvent) => unknown;
}
