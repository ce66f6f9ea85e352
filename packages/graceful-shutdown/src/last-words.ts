import type { Writable } from 'node:stream';
import { describeError } from './describe-error.ts';
import { flushLogger, giveUpLogger } from './flush-logger.ts';
import { type Logger, type Say, sayThrough } from './logger.ts';
import { TimeLimit } from './time-limit.ts';

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
export class LastWords {
  readonly #options: LastWordsOptions;
  /** Says it through the logger, and once that is flushed, on stderr. */
  say: Say;
  #limitMs: number;
  #limit: TimeLimit | undefined;

  constructor(options: LastWordsOptions) {
    this.#options = options;
    this.say = sayThrough(options.logger);
    this.#limitMs = options.flushTimeoutMs;
  }

  /** Writes what the logger, stdout and stderr still hold. Afterwards the logger takes no more. */
  async flush(): Promise<void> {
    this.#limit = new TimeLimit();
    this.#limit.endWithin(this.#limitMs);
    await Promise.race([this.#flushAll(), this.#limit.over]);
    this.#limit.clear();
    try {
      if (this.#limit.signal.aborted) giveUpLogger(this.#options.logger);
    } catch (error) {
      // A destination that is not open yet, or not any more.
      process.stderr.write(`The logger could not be given up: ${describeError(error)}\n`);
    }
    this.say = (_level, message) => void process.stderr.write(`${message}\n`);
  }

  /** From here on, flushing takes next to no time; also if it has begun. */
  hurry(): void {
    this.#limitMs = FORCED_FLUSH_MS;
    this.#limit?.endWithin(FORCED_FLUSH_MS);
  }

  async #flushAll(): Promise<void> {
    const { logger, flush } = this.#options;
    try {
      await (flush ? flush() : flushLogger(logger));
    } catch (error) {
      process.stderr.write(`The logger could not be flushed: ${describeError(error)}\n`);
    }
    await Promise.all([written(process.stdout), written(process.stderr)]);
  }
}

/** process.exit() drops what stdout and stderr still hold when they are pipes whose reader is slow. */
async function written(stream: Writable): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  // The callback comes with an error too when the reader has gone.
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
}
