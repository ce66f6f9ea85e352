/**
 * Where the few lines of a shutdown go: `console`, pino, winston, or any object with these three methods. Each call gets one
 * string, with stack and causes rendered into it, so that no logger drops what it does not expect.
 */
export interface Logger {
  info(message: string): unknown;
  warn(message: string): unknown;
  error(message: string): unknown;
}

/** A logger that throws must not break the shutdown that it reports: its words go to stderr instead. */
export function guarded(logger: Logger): Logger {
  const guard = (level: 'info' | 'warn' | 'error') => (message: string) => {
    try {
      logger[level](message);
    } catch (error) {
      process.stderr.write(`${message}\n(the logger threw: ${String(error)})\n`);
    }
  };
  return { info: guard('info'), warn: guard('warn'), error: guard('error') };
}
