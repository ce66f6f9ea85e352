import type { Server } from 'node:net';
import type { HealthCheck } from './health-checks.ts';
import type { HookStage } from './hooks.ts';
import type { Logger } from './logger.ts';

/** The options of `gracefulShutdown()`, checked, with their defaults. */
export type ShutdownSettings = WithDefaults<GracefulShutdownOptions, 'forcedExitCode' | 'flush'>;
/** The options of `terminate()`, checked, with their defaults. */
export type TerminateSettings = WithDefaults<TerminateOptions, 'flush'>;
type WithDefaults<T, Without extends keyof T> = Required<Omit<T, Without>> & Pick<T, Without>;

/** Options of `gracefulShutdown()`. All times are in milliseconds. */
export interface GracefulShutdownOptions {
  /**
   * The servers to drain: of node:http, https, http2, net or tls, or of a framework (fastify's `app.server`, what express'
   * `app.listen()` returns). Give them before their first connection: earlier ones are not known and only waited for.
   * @default []
   */
  readonly servers?: readonly Server[];
  /**
   * The signals that end the process; no other is touched. For nodemon add `SIGUSR2`, for a closed terminal `SIGHUP` (on Windows
   * also for a closed console window, where `SIGBREAK` is Ctrl-Break). @default ['SIGTERM', 'SIGINT']
   */
  readonly signals?: readonly NodeJS.Signals[];
  /**
   * Messages over the IPC channel that end the process like a signal, each sent as a string or as an object with that `type`:
   * pm2 sends `shutdown` on Windows. @default []
   */
  readonly parentMessages?: readonly string[];
  /** End the process when the IPC channel to its parent closes. @default false */
  readonly parentDisconnect?: boolean;
  /** From the beginning until connections that are left are cut. Cleanup hooks come after it. @default 30_000 */
  readonly timeoutMs?: number;
  /**
   * How long the process goes on serving, its health 503 and its answers with `Connection: close`, before it stops accepting:
   * the time a load balancer needs to take it out. Part of `timeoutMs`. @default 0
   */
  readonly delayMs?: number;
  /**
   * How long an idle keep-alive connection may stay once no more are accepted: whoever holds its other end may just be sending
   * a request. Behind a proxy whose listener lives on, give more than the proxy's own keep-alive timeout and nothing is lost.
   * Less than `timeoutMs - delayMs`. An HTTP/2 session is told to go once no new stream came for as
   * long, within 300 ms at most. @default 100, or half of `timeoutMs - delayMs` where that is less
   */
  readonly idleGraceMs?: number;
  /**
   * How long a half-sent request head or a TLS handshake may take once no more connections are accepted.
   * @default 2_000
   */
  readonly headTimeoutMs?: number;
  /**
   * Answer every request that comes after the signal at once with this status, 500 to 599, instead of serving it; those in flight
   * are answered normally. For a proxy that asks the next process then, such as nginx with `proxy_next_upstream http_502`.
   * @default false
   */
  readonly refuseWith?: number | false;
  /** Log uncaught exceptions and unhandled rejections, drain briefly and exit with 1. @default true */
  readonly handleCrashes?: boolean;
  /** After a crash: the limit of the drain, and the longest a cleanup hook gets. @default 500 */
  readonly crashTimeoutMs?: number;
  /** Log process warnings too, through `logger.warn`. @default false */
  readonly handleWarnings?: boolean;
  /**
   * The exit code when connections were cut, a hook did not do its work or a second signal forced the end, instead of 128 + n
   * after signal n, or 1 after a parent's wish. From 0 to 255.
   */
  readonly forcedExitCode?: number;
  /** Where the lines of the shutdown go. @default console */
  readonly logger?: Logger;
  /**
   * Writes what the logger still holds, before the process exits. Without it: pino's `flush()`, winston's `end()`, and the
   * streams behind them.
   */
  readonly flush?: () => unknown;
  /** How long the logger, stdout and stderr may take for that; 5 ms after a second signal. @default 1_000 */
  readonly flushTimeoutMs?: number;
  /**
   * Ends the process after a signal or a crash, once hooks are done and the log is written. When it throws or rejects, or when a
   * signal comes after it, `process.exit()` does. @default process.exit
   */
  readonly exit?: (code: number) => unknown;
}

/** Options of `handle.onShutdown()`. */
export interface HookOptions {
  /** When the hook's AbortSignal aborts and it is not waited for any longer; without meaning for `exit`. @default 5_000 */
  readonly timeoutMs?: number;
  /** When it runs. @default 'drained' */
  readonly stage?: HookStage;
  /** Within a stage, lower phases run first, hooks of one phase at the same time. @default 0 */
  readonly phase?: number;
}

/** Options of `healthHandler()`. */
export interface HealthOptions {
  /** What has to work before this process should get requests, by name; `ready` asks them. @default {} */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  /**
   * What only a new process can mend, by name; `live` asks them while the process runs, and an orchestrator kills a process whose
   * answer is 503. A database does not belong here: no restart mends it. @default {}
   */
  readonly liveChecks?: Readonly<Record<string, HealthCheck>>;
  /** When a check's AbortSignal aborts and it counts as failed, in milliseconds. @default 1_000 */
  readonly timeoutMs?: number;
  /** How long a result is answered again before the checks are asked anew, in milliseconds. @default 1_000 */
  readonly cacheMs?: number;
  /** Hears when a check begins to fail, with the reason, and when it is well again. @default console */
  readonly logger?: Logger;
}

/** Options of `terminate()`. */
export interface TerminateOptions {
  /**
   * End a crash with `process.abort()`, which leaves a core dump where the system allows one. The environment variable
   * `GRACEFUL_SHUTDOWN_COREDUMP=1` turns it on without a change of code. @default false
   */
  readonly coredump?: boolean;
  /** How long requests in flight may take before they are cut, in milliseconds. @default 500 */
  readonly timeoutMs?: number;
  /** Where the reason and the error go. @default console */
  readonly logger?: Logger;
  /**
   * Writes what the logger still holds, before the process exits. Without it: pino's `flush()`, winston's `end()`, and the
   * streams behind them.
   */
  readonly flush?: () => unknown;
  /** How long the logger, stdout and stderr may take for that; 5 ms after a second signal. @default 1_000 */
  readonly flushTimeoutMs?: number;
}
