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

/** A logger that throws or rejects must not break the shutdown that it reports: its words go to stderr instead. */
export function guarded(logger: Logger): Logger {
  const guard = (level: keyof Logger) => (message: string) => {
    const toStderr = (how: string, error: unknown): void =>
      void process.stderr.write(`${message}\n(the logger ${how}: ${describeError(error)})\n`);
    try {
      const result = logger[level](message);
      if (result instanceof Promise) result.catch((error: unknown) => toStderr('rejected', error));
    } catch (error) {
      toStderr('threw', error);
    }
  };
  return { info: guard('info'), warn: guard('warn'), error: guard('error') };
}
