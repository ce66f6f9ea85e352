import type { Writable } from 'node:stream';
import { describeError } from './describe-error.ts';
import { flushLogger, giveUpLogger } from './flush-logger.ts';
import { guarded, type Logger } from './logger.ts';

interface LastWordsOptions {
  readonly logger: Logger;
  readonly flush?: () => unknown;
  readonly flushTimeoutMs: number;
}

/** An operator who sends a second signal gets his prompt back, and of the log what can be written this fast. */
const FORCED_FLUSH_MS = 5;

/**
 * The logger as a dying process may use it: one that throws does not break the shutdown that it reports, and what it holds back
 * is written before the exit, within a limit. What it does not take goes to stderr.
 */
export class LastWords implements Logger {
  readonly #options: LastWordsOptions;
  readonly #logger: Logger;
  #limitMs: number;
  #flushed = false;
  #giveUp: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LastWordsOptions) {
    this.#options = options;
    this.#logger = guarded(options.logger);
    this.#limitMs = options.flushTimeoutMs;
  }

  info(message: string): void {
    this.#log('info', message);
  }

  warn(message: string): void {
    this.#log('warn', message);
  }

  error(message: string): void {
    this.#log('error', message);
  }

  /** Writes what the logger, stdout and stderr still hold. Afterwards the logger takes no more. */
  async flush(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#giveUp = resolve;
      this.#timer = setTimeout(resolve, this.#limitMs);
    });
    const done = await Promise.race([this.#flushAll(), over]);
    clearTimeout(this.#timer);
    try {
      if (!done) giveUpLogger(this.#options.logger);
    } catch (error) {
      // A destination that is not open yet, or not any more.
      process.stderr.write(`The logger could not be given up: ${describeError(error)}\n`);
    }
    this.#flushed = true;
  }

  /** From here on, flushing takes next to no time; also if it has begun. */
  hurry(): void {
    this.#limitMs = FORCED_FLUSH_MS;
    clearTimeout(this.#timer);
    if (this.#giveUp) this.#timer = setTimeout(this.#giveUp, FORCED_FLUSH_MS);
  }

  async #flushAll(): Promise<true> {
    const { logger, flush } = this.#options;
    try {
      await (flush ? flush() : flushLogger(logger));
    } catch (error) {
      process.stderr.write(`The logger could not be flushed: ${describeError(error)}\n`);
    }
    await Promise.all([written(process.stdout), written(process.stderr)]);
    return true;
  }

  #log(level: keyof Logger, message: string): void {
    if (this.#flushed) process.stderr.write(`${message}\n`);
    else this.#logger[level](message);
  }
}

/** process.exit() drops what stdout and stderr still hold when they are pipes whose reader is slow. */
async function written(stream: Writable): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  // The callback comes with an error too when the reader has gone.
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
}
