import type { Server } from 'node:net';
import type { CrashOrigin } from './crash.ts';
import { describeError } from './describe-error.ts';
import { LastWords } from './last-words.ts';
import { leave } from './leave.ts';
import type { TerminateOptions, TerminateSettings } from './options.ts';
import { countCut, formatReport, type ShutdownReport } from './report.ts';
import { Sequence } from './sequence.ts';
import { checkExitCode, checkServer, expected, readTerminateOptions } from './settings.ts';
import { beginEnd } from './shared-end.ts';
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
    checkExitCode('code', code);
    if (typeof reason !== 'string') throw expected('reason', 'to be a string', reason);
    return (error, origin) => termination.end(code, reason, error, origin);
  };
}

const IDLE_GRACE_MS = 100;

class Termination {
  readonly #settings: TerminateSettings;
  readonly #words: LastWords;
  readonly #sequence: Sequence;
  readonly #signals = new SignalCount();
  #exiting = false;
  #crashCode: number | undefined;
  #signalNumber: number | undefined;

  constructor(server: Server, settings: TerminateSettings) {
    this.#settings = settings;
    this.#words = new LastWords(settings);
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
    if (error instanceof Error) this.#words.error(`${reason}: ${describeError(error)}`);
    else this.#words.info(`Shutting down: ${reason}`);
    if (this.#signals.next() !== 'again') return;
    this.#words.hurry();
    this.#sequence.force();
  }

  #onCrash(code: number, reason: string, error: unknown, origin: unknown): void {
    this.#crashCode ??= code;
    this.#words.error(`${reason}: ${describeError(error)}`);
    const how: CrashOrigin =
      origin instanceof Promise || origin === 'unhandledRejection'
        ? 'unhandledRejection'
        : 'uncaughtException';
    this.#sequence.hurry({ origin: how, thrown: error }, this.#settings.timeoutMs);
  }

  async #drainAndExit(reason: string): Promise<void> {
    const end = beginEnd();
    const report = await this.#sequence.start(reason);
    if (!report.clean) this.#words.warn(formatReport(report));
    await this.#words.flush();
    if (this.#crashCode !== undefined && this.#settings.coredump) process.abort();
    const code = end(this.#crashCode ?? this.#wishCode(report));
    if (code === undefined) return;
    leave(code, (error) => this.#words.error(`The exit failed: ${describeError(error)}`));
  }

  #wishCode(report: ShutdownReport): number {
    if (countCut(report.cut) === 0) return 0;
    return this.#signalNumber === undefined ? 1 : 128 + this.#signalNumber;
  }
}
