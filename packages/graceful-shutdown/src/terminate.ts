import type { Server } from 'node:net';
import type { CrashOrigin } from './crash.ts';
import { describeError } from './describe-error.ts';
import { flushOutput } from './flush-output.ts';
import { guarded, type Logger } from './logger.ts';
import type { TerminateOptions } from './options.ts';
import { countCut, formatReport, type ShutdownReport } from './report.ts';
import { Sequence } from './sequence.ts';
import { checkServer, expected, readTerminateOptions } from './settings.ts';
import { SignalCount } from './signals.ts';

/** A listener for a signal, `uncaughtException` or `unhandledRejection`. */
export type ExitHandler = (error?: unknown, origin?: unknown) => void;

/**
 * Makes exit handlers for one server, each for an exit code and a reason:
 *
 * ```ts
 * const exitHandler = terminate(server, { timeoutMs: 500 });
 * process.on('uncaughtException', exitHandler(1, 'Unexpected Error'));
 * process.on('SIGTERM', exitHandler(0, 'SIGTERM'));
 * ```
 *
 * A handler logs the reason and what was thrown, drains the server and exits with its code; a code that is not 0 is a crash.
 * When requests had to be cut after a signal n, the exit code is 128 + n instead of 0.
 *
 * @throws {OptionError} when an argument is wrong
 */
export function terminate(
  server: Server,
  options: TerminateOptions = {},
): (code: number, reason: string) => ExitHandler {
  checkServer('server', server);
  const termination = new Termination(server, readTerminateOptions(options));
  return (code, reason) => {
    if (!Number.isInteger(code) || code < 0 || code > 255)
      throw expected('code', 'to be an integer from 0 to 255', code);
    if (typeof reason !== 'string') throw expected('reason', 'to be a string', reason);
    return (error, origin) => termination.end(code, reason, error, origin);
  };
}

const IDLE_GRACE_MS = 100;
const FLUSH_LIMIT_MS = 1_000;

class Termination {
  readonly #settings: Required<TerminateOptions>;
  readonly #logger: Logger;
  readonly #sequence: Sequence;
  readonly #signals = new SignalCount();
  #exiting = false;
  #crashCode: number | undefined;
  #signalNumber: number | undefined;

  constructor(server: Server, settings: Required<TerminateOptions>) {
    this.#settings = settings;
    this.#logger = guarded(settings.logger);
    const { timeoutMs } = settings;
    this.#sequence = new Sequence({
      timeoutMs,
      delayMs: 0,
      idleGraceMs: IDLE_GRACE_MS,
      headTimeoutMs: timeoutMs,
    });
    this.#sequence.addServer(server);
  }

  end(code: number, reason: string, error: unknown, origin: unknown): void {
    if (code === 0) this.#onWish(reason, error, origin);
    else this.#onCrash(code, reason, error, origin);
    if (this.#exiting) return;
    this.#exiting = true;
    void this.#drainAndExit(reason);
  }

  /** Signal listeners are called with the signal's name and number. */
  #onWish(reason: string, error: unknown, origin: unknown): void {
    if (typeof origin === 'number') this.#signalNumber = origin;
    if (error instanceof Error) this.#logger.error(`${reason}: ${describeError(error)}`);
    else this.#logger.info(`Shutting down: ${reason}`);
    if (this.#signals.next() === 'again') this.#sequence.force();
  }

  #onCrash(code: number, reason: string, error: unknown, origin: unknown): void {
    this.#crashCode ??= code;
    this.#logger.error(`${reason}: ${describeError(error)}`);
    const how: CrashOrigin =
      origin instanceof Promise || origin === 'unhandledRejection'
        ? 'unhandledRejection'
        : 'uncaughtException';
    this.#sequence.hurry(how, error, this.#settings.timeoutMs);
  }

  async #drainAndExit(reason: string): Promise<void> {
    const report = await this.#sequence.start(reason);
    if (!report.clean) this.#logger.warn(formatReport(report));
    await flushOutput(FLUSH_LIMIT_MS);
    if (this.#crashCode !== undefined && this.#settings.coredump) process.abort();
    process.exit(this.#crashCode ?? this.#wishCode(report));
  }

  #wishCode(report: ShutdownReport): number {
    if (countCut(report.cut) === 0) return 0;
    return this.#signalNumber === undefined ? 1 : 128 + this.#signalNumber;
  }
}
