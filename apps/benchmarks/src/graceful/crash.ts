// A program that logs much and crashes in the same breath.
//
//   node crash.js <CrashOrder as JSON>
import { once } from 'node:events';
import type { Logger } from '@silly-face/graceful-shutdown';

export interface CrashOrder {
  handler: keyof typeof handlers;
  logger: keyof typeof loggers;
  file: string;
  lines: number;
}

/** Each with its asynchronous way to a file, which is open: no program crashes in its first milliseconds alone. */
const loggers = {
  async pino(file: string): Promise<Logger> {
    const { pino } = await import('pino');
    const destination = pino.destination({ dest: file, sync: false });
    await once(destination, 'ready');
    const logger: Logger = pino(destination);
    return logger;
  },
  async winston(file: string): Promise<Logger> {
    const { default: winston } = await import('winston');
    const transport = new winston.transports.File({ filename: file });
    const logger = winston.createLogger({ transports: [transport] });
    await once(transport, 'open');
    return logger;
  },
};

const handlers = {
  async ours(logger: Logger): Promise<void> {
    const { gracefulShutdown } = await import('@silly-face/graceful-shutdown');
    gracefulShutdown({ logger });
  },
  async 'close-with-grace'(logger: Logger): Promise<void> {
    const { default: closeWithGrace } = await import('close-with-grace');
    closeWithGrace({ logger }, async ({ err }) => {
      if (err) logger.error(String(err.stack));
    });
  },
  async 'process.exit'(logger: Logger): Promise<void> {
    process.on('uncaughtException', (error) => {
      logger.error(String(error.stack));
      process.exit(1);
    });
  },
};

const { handler, logger: kind, file, lines } = JSON.parse(process.argv[2] ?? '') as CrashOrder;
const logger = await loggers[kind](file);
await handlers[handler](logger);
process.nextTick(() => {
  for (let line = 1; line <= lines; line++) logger.info(`line ${line}.`);
  throw new Error('the fatal');
});
