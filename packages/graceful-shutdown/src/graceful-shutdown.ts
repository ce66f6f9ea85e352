import type { Server } from 'node:net';
import { type CrashOrigin, watchCrashes } from './crash.ts';
import { describeError } from './describe-error.ts';
import { flushOutput } from './flush-output.ts';
import type { ShutdownHook } from './hooks.ts';
import { guarded, type Logger } from './logger.ts';
import type { GracefulShutdownOptions, HookOptions } from './options.ts';
import { formatReport, type ShutdownReport } from './report.ts';
import { Sequence, type ShutdownState } from './sequence.ts';
import { checkServer, expected, readHookOptions, readOptions } from './settings.ts';
import { exitCodeOf, watchSignals } from './signals.ts';

/** What `gracefulShutdown()` returns. */
export interface GracefulShutdown extends AsyncDisposable {
  /** Where the process stands; anything but `running` means that it will end. */
  readonly state: ShutdownState;
  /**
   * Aborts when no more connections are accepted: end what would not end by itself, such as server-sent events, long polls and
   * WebSockets. Its reason is a `ShutdownError` with code `ERR_SHUTTING_DOWN`.
   */
  readonly signal: AbortSignal;
  /**
   * Drains the servers and runs the hooks, without exiting. Never rejects; further calls get the same report. A signal or crash
   * that comes meanwhile joins it and exits at its end.
   */
  shutdown(reason?: string): Promise<ShutdownReport>;
  /**
   * Drains this server too. During the drain, it is drained at once.
   * @throws {ShutdownError} `ERR_TOO_LATE` from the cleanup on
   */
  addServer(server: Server): void;
  /**
   * Adds a cleanup hook. Hooks run after the drain, one after the other, the last added first. One that throws or takes too
   * long does not stop the others; the report names it. Returns a function that takes the hook back.
   * @throws {ShutdownError} `ERR_TOO_LATE` from the cleanup on
   */
  onShutdown(name: string, hook: ShutdownHook, options?: HookOptions): () => void;
  /** Shuts down, if that has not happened, and gives back all signals and listeners. Does not exit. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Ends the process politely on a signal and loudly on a crash: stops accepting, lets every request in flight be answered, runs
 * the cleanup hooks, exits.
 *
 * Exit codes: 0 when all went well; 128 + n after signal n when connections were cut, a hook failed or a second signal came;
 * 1 after a crash.
 *
 * @throws {OptionError} when an option is wrong
 */
export function gracefulShutdown(options: GracefulShutdownOptions = {}): GracefulShutdown {
  return new InstalledShutdown(readOptions(options));
}

const FLUSH_LIMIT_MS = 1_000;

class InstalledShutdown implements GracefulShutdown {
  readonly #settings: Required<GracefulShutdownOptions>;
  readonly #logger: Logger;
  readonly #sequence: Sequence;
  readonly #uninstall: (() => void)[] = [];
  #lastSignal: NodeJS.Signals | undefined;
  #crashed = false;
  #exiting = false;

  constructor(settings: Required<GracefulShutdownOptions>) {
    this.#settings = settings;
    this.#logger = guarded(settings.logger);
    this.#sequence = new Sequence(settings);
    for (const server of settings.servers) this.addServer(server);
    this.#uninstall.push(
      watchSignals(settings.signals, {
        first: (signal) => this.#onSignal(signal),
        again: (signal) => this.#onSecondSignal(signal),
      }),
    );
    if (settings.handleCrashes) {
      this.#uninstall.push(watchCrashes((origin, thrown) => this.#onCrash(origin, thrown)));
    }
  }

  get state(): ShutdownState {
    return this.#sequence.state;
  }

  get signal(): AbortSignal {
    return this.#sequence.signal;
  }

  shutdown(reason = 'shutdown()'): Promise<ShutdownReport> {
    return this.#sequence.start(reason);
  }

  addServer(server: Server): void {
    checkServer('server', server);
    if (this.#sequence.has(server)) throw expected('server', 'to be one that was not added before', server);
    this.#sequence.addServer(server);
  }

  onShutdown(name: string, hook: ShutdownHook, options: HookOptions = {}): () => void {
    if (typeof name !== 'string' || name === '') throw expected('name', 'to be a non-empty string', name);
    if (typeof hook !== 'function') throw expected('hook', 'to be a function', hook);
    return this.#sequence.addHook(name, hook, readHookOptions(options).timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sequence.start('disposed');
    for (const uninstall of this.#uninstall.splice(0)) uninstall();
  }

  #onSignal(signal: NodeJS.Signals): void {
    this.#lastSignal = signal;
    this.#logger.info(
      `Received ${signal}: no new connections, ${this.#settings.timeoutMs} ms for those in use`,
    );
    void this.#exitAfter(this.#sequence.start(signal));
  }

  #onSecondSignal(signal: NodeJS.Signals): void {
    this.#lastSignal = signal;
    this.#logger.warn(`Received ${signal} again: ending at once`);
    this.#sequence.force();
  }

  #onCrash(origin: CrashOrigin, thrown: unknown): void {
    this.#crashed = true;
    this.#logger.error(`Crashed by ${origin}: ${describeError(thrown)}`);
    this.#sequence.hurry(origin, thrown, this.#settings.crashTimeoutMs);
    void this.#exitAfter(this.#sequence.start(origin));
  }

  async #exitAfter(run: Promise<ShutdownReport>): Promise<void> {
    if (this.#exiting) return;
    this.#exiting = true;
    const report = await run;
    this.#logger[report.clean ? 'info' : 'warn'](formatReport(report));
    await flushOutput(FLUSH_LIMIT_MS);
    this.#settings.exit(this.#exitCode(report));
  }

  #exitCode(report: ShutdownReport): number {
    if (this.#crashed) return 1;
    if (report.clean || !this.#lastSignal) return 0;
    return exitCodeOf(this.#lastSignal);
  }
}
