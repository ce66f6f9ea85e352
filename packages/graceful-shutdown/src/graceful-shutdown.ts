import type { Server } from 'node:net';
import { watchCrashes, watchWarnings } from './crash.ts';
import { describeError } from './describe-error.ts';
import { guardExit, isHookExit, runOutsideHooks } from './exit-guard.ts';
import { ExitHooks } from './exit-hooks.ts';
import type { ShutdownHook } from './hooks.ts';
import { LastWords } from './last-words.ts';
import { leave } from './leave.ts';
import type { GracefulShutdownOptions, HookOptions, ShutdownSettings } from './options.ts';
import { watchParent } from './parent.ts';
import { type CrashReport, formatReport, type ShutdownReport } from './report.ts';
import { Sequence, type ShutdownState } from './sequence.ts';
import { checkServer, expected, readHook, readOptions } from './settings.ts';
import { beginEnd } from './shared-end.ts';
import { exitCodeOf, SignalCount, watchSignals } from './signals.ts';

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
   * Adds a cleanup hook, which runs once: during a shutdown, or when the event loop has nothing left to do (`beforeExit`). By
   * default it runs when no connection is left, at the same time as the others; see `stage` and `phase`. One that throws, takes
   * too long or calls `process.exit()` does not stop the others; the report names it. Returns a function that takes it back.
   * @throws {ShutdownError} `ERR_TOO_LATE` when its stage has begun, or after disposal
   */
  onShutdown(name: string, hook: ShutdownHook, options?: HookOptions): () => void;
  /** Shuts down, if that has not happened, and gives back all signals and listeners. Does not exit. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Ends the process politely on a signal and loudly on a crash: stops accepting, lets every request in flight be answered, runs
 * the cleanup hooks, exits.
 *
 * Exit codes: 0 when all went well; 1 after a crash; when connections were cut, a hook failed or a second signal came,
 * `forcedExitCode` or else 128 + n after signal n.
 *
 * @throws {OptionError} when an option is wrong
 */
export function gracefulShutdown(options: GracefulShutdownOptions = {}): GracefulShutdown {
  return new InstalledShutdown(readOptions(options));
}

class InstalledShutdown implements GracefulShutdown {
  readonly #settings: ShutdownSettings;
  readonly #words: LastWords;
  readonly #sequence: Sequence;
  readonly #exitHooks: ExitHooks;
  readonly #uninstall: (() => void)[] = [];
  readonly #wishes = new SignalCount();
  #reason = 'exit';
  #wish: Wish | undefined;
  #crashes = 0;
  #forced = false;
  #exiting = false;
  #leave: (() => void) | undefined;
  #disposed = false;

  constructor(settings: ShutdownSettings) {
    this.#settings = settings;
    this.#words = new LastWords(settings);
    this.#sequence = new Sequence(settings);
    this.#exitHooks = new ExitHooks(
      () => this.#reason,
      (error) => this.#words.error(`At exit: ${describeError(error)}`),
    );
    for (const server of settings.servers) this.addServer(server);
    this.#uninstall.push(
      watchSignals(settings.signals, (signal) => this.#onWish({ name: signal, code: exitCodeOf(signal) })),
      watchParent(settings, (name) => this.#onWish({ name, code: 1 })),
      () => process.off('beforeExit', this.#onBeforeExit),
    );
    if (settings.handleCrashes) this.#uninstall.push(watchCrashes((crash) => this.#onCrash(crash)));
    if (settings.handleWarnings)
      this.#uninstall.push(
        watchWarnings((warning) => this.#words.warn(`Process warning: ${describeError(warning)}`)),
      );
  }

  get state(): ShutdownState {
    return this.#sequence.state;
  }

  get signal(): AbortSignal {
    return this.#sequence.signal;
  }

  shutdown(reason = 'shutdown()'): Promise<ShutdownReport> {
    return this.#start(reason);
  }

  addServer(server: Server): void {
    checkServer('server', server);
    if (this.#sequence.has(server)) throw expected('server', 'to be one that was not added before', server);
    this.#sequence.addServer(server);
  }

  onShutdown(name: string, run: ShutdownHook, options: HookOptions = {}): () => void {
    const hook = readHook(name, run, options);
    // The end of a process that was shut down by hand may still be far: until the disposal, it is not too late for these.
    if (hook.stage === 'exit' && !this.#disposed) return this.#exitHooks.add(hook);
    const takeBack = this.#sequence.addHook(hook);
    if (this.state === 'running' && !process.listeners('beforeExit').includes(this.#onBeforeExit))
      process.on('beforeExit', this.#onBeforeExit);
    return takeBack;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#start('disposed');
    this.#disposed = true;
    for (const uninstall of this.#uninstall.splice(0)) uninstall();
    this.#exitHooks.run();
  }

  #start(reason: string): Promise<ShutdownReport> {
    if (this.state === 'running') this.#reason = reason;
    process.off('beforeExit', this.#onBeforeExit);
    return this.#sequence.start(reason);
  }

  /** A signal, or what a parent says instead. */
  #onWish(wish: Wish): void {
    const which = this.#wishes.next();
    if (which === 'duplicate') return;
    this.#wish = wish;
    if (which === 'first') {
      this.#words.info(
        `Received ${wish.name}: no new connections, ${this.#settings.timeoutMs} ms for those in use`,
      );
      void this.#exitAfter(this.#start(wish.name));
      return;
    }
    this.#words.warn(`Received ${wish.name} again: ending at once`);
    this.#forced = true;
    this.#words.hurry();
    this.#sequence.force();
    // The option `exit` was called and did not end the process.
    this.#leave?.();
  }

  #onCrash(crash: CrashReport): void {
    // Its hook has failed by it, which the report tells.
    if (isHookExit(crash.thrown)) return;
    this.#crashes += 1;
    // Should the process end before it was drained, or by itself.
    process.exitCode ||= 1;
    // A logger that crashes by every word would never come to an end.
    if (this.#crashes > MOST_CRASHES) return;
    const where = crash.hook === undefined ? '' : ` in hook "${crash.hook}"`;
    this.#words.error(`Crashed by ${crash.origin}${where}: ${describeError(crash.thrown)}`);
    this.#sequence.hurry(crash, this.#settings.crashTimeoutMs);
    void this.#exitAfter(this.#start(crash.origin));
  }

  /** The process ends by itself, with the exit code that it has; what has to be cleaned up still is. */
  readonly #onBeforeExit = (): void => {
    void this.#start('beforeExit').then((report) => this.#exiting || this.#tell(report));
  };

  async #exitAfter(run: Promise<ShutdownReport>): Promise<void> {
    if (this.#exiting) return;
    this.#exiting = true;
    // Until the very end: a hook that was given up may still call process.exit().
    const releaseExit = guardExit();
    const end = beginEnd();
    const report = await run;
    this.#tell(report);
    await this.#words.flush();
    releaseExit();
    const code = end(this.#exitCode(report));
    if (code !== undefined) await runOutsideHooks(() => this.#exit(code, report));
  }

  async #exit(code: number, report: ShutdownReport): Promise<void> {
    this.#leave = () => leave(this.#exitCode(report) || code, this.#onExitError);
    try {
      await this.#settings.exit(code);
    } catch (error) {
      this.#onExitError(error);
      leave(code || 1, this.#onExitError);
    }
  }

  /** Whoever threw was asked before them. */
  readonly #onExitError = (error: unknown): void => {
    this.#words.error(`The exit failed: ${describeError(error)}`);
    this.#exitHooks.run();
  };

  #tell(report: ShutdownReport): void {
    this.#words[report.clean ? 'info' : 'warn'](formatReport(report));
  }

  #exitCode(report: ShutdownReport): number {
    if (this.#crashes > 0) return 1;
    if (report.clean && !this.#forced) return 0;
    return this.#settings.forcedExitCode ?? this.#wish?.code ?? 0;
  }
}

/** Who asks the process to end, and the exit code that tells when this did not go well. */
interface Wish {
  readonly name: string;
  readonly code: number;
}

const MOST_CRASHES = 20;
