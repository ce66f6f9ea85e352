import type { Server } from 'node:net';
import { watchCrashes } from './crash.ts';
import { describeError } from './describe-error.ts';
import type { ShutdownHook } from './hooks.ts';
import type { GracefulShutdownOptions, HookOptions } from './options.ts';
import { watchParent } from './parent.ts';
import { newProcessEnd } from './process-end.ts';
import { type CrashReport, formatOrigin, type ShutdownReport } from './report.ts';
import type { ShutdownState } from './sequence.ts';
import { checkServer, expected, readHook, readOptions } from './settings.ts';
import { exitCodeOf, listen } from './signals.ts';

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
  const settings = readOptions(options);
  const end = newProcessEnd(settings);
  const { sequence, words } = end;
  let isDisposed = false;

  const addServer = (server: Server): void => {
    checkServer('server', server);
    if (sequence.has(server)) throw expected('server', 'to be one that was not added before', server);
    sequence.addServer(server);
  };
  const onWish = (name: string, code: number): void =>
    end.wish(name, code, `Received ${name}: no new connections, ${settings.timeoutMs} ms for those in use`);
  const onCrash = (crash: CrashReport): void => end.crash(crash, 1, `Crashed by ${formatOrigin(crash)}`);
  const onWarning = (warning: unknown): void =>
    words.say('warn', `Process warning: ${describeError(warning)}`);

  for (const server of settings.servers) addServer(server);
  const stops = [
    ...settings.signals.map((signal) => listen(signal, () => onWish(signal, exitCodeOf(signal)))),
    ...watchParent(settings, (name) => onWish(name, 1)),
    ...(settings.handleCrashes ? watchCrashes(onCrash) : []),
    ...(settings.handleWarnings ? [listen('warning', onWarning)] : []),
  ];

  return {
    get state() {
      return sequence.state;
    },
    signal: sequence.signal,
    shutdown: (reason = 'shutdown()') => end.start(reason),
    addServer,
    onShutdown(name, run, hookOptions = {}) {
      const hook = readHook(name, run, hookOptions);
      // The end of a process that was shut down by hand may still be far: until the disposal, it is not too late for these.
      return hook.stage === 'exit' && !isDisposed ? end.addExitHook(hook) : end.addHook(hook);
    },
    async [Symbol.asyncDispose]() {
      await end.start('disposed');
      isDisposed = true;
      for (const stop of stops.splice(0)) stop();
      end.runExitHooks();
    },
  };
}
