import { describeError } from './describe-error.ts';

/**
 * Where the few lines of a shutdown go: `console`, pino, winston, or any object with these three methods. Each call gets one
 * string, with stack and causes rendered into it, so that no logger drops what it does not expect.
 */
export interface Logger {
  info(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
}

export type Say = (level: keyof Logger, message: string) => void;

/** A logger that throws or rejects must not break the shutdown that it reports: its words go to stderr instead. */
export function sayThrough(logger: Logger): Say {
  return (level, message) => {
    const toStderr = (how: string) => (error: unknown) =>
      void process.stderr.write(`${message}\n(the logger ${how}: ${describeError(error)})\n`);
    try {
      const result = logger[level](message);
      if (result instanceof Promise) result.catch(toStderr('rejected'));
    } catch (error) {
      toStderr('threw')(error);
    }
  };
}
