import type { Writable } from 'node:stream';
import { describeError } from './describe-error.ts';
import { flushLogger, giveUpLogger } from './flush-logger.ts';
import { type Logger, type Say, sayThrough } from './logger.ts';
import { newTimeLimit, type TimeLimit } from './time-limit.ts';

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
export interface LastWords {
  /** Says it through the logger, and once that is flushed, on stderr. */
  readonly say: Say;
  /** Writes what the logger, stdout and stderr still hold. Afterwards the logger takes no more. */
  flush(): Promise<void>;
  /** From here on, flushing takes next to no time; also if it has begun. */
  hurry(): void;
}

export function newLastWords({ logger, flush, flushTimeoutMs }: LastWordsOptions): LastWords {
  const toStderr = (message: string): void => void process.stderr.write(`${message}\n`);
  let say = sayThrough(logger);
  let limitMs = flushTimeoutMs;
  let limit: TimeLimit | undefined;

  const flushAll = async (): Promise<void> => {
    try {
      await (flush ? flush() : flushLogger(logger));
    } catch (error) {
      toStderr(`The logger could not be flushed: ${describeError(error)}`);
    }
    await Promise.all([written(process.stdout), written(process.stderr)]);
  };

  return {
    say: (level, message) => say(level, message),
    async flush() {
      limit = newTimeLimit();
      limit.endWithin(limitMs);
      await Promise.race([flushAll(), limit.over]);
      limit.clear();
      try {
        if (limit.signal.aborted) giveUpLogger(logger);
      } catch (error) {
        // A destination that is not open yet, or not any more.
        toStderr(`The logger could not be given up: ${describeError(error)}`);
      }
      say = (_level, message) => toStderr(message);
    },
    hurry() {
      limitMs = FORCED_FLUSH_MS;
      limit?.endWithin(FORCED_FLUSH_MS);
    },
  };
}

/** process.exit() drops what stdout and stderr still hold when they are pipes whose reader is slow. */
async function written(stream: Writable): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  // The callback comes with an error too when the reader has gone.
  await new Promise<void>((resolve) => void stream.write('', () => resolve()));
}
