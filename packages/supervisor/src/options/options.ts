import type { ChildExitHook } from '../child/exit-hooks.ts';
import type { AlertHook } from '../observation/alert-hook.ts';
import type { HealthCheck } from '../health-check/declared-check.ts';
import type { SinkOptions } from '../output/sink-options.ts';

/** Everything a `Supervisor` is told. Checked once, when it is constructed; an unknown key is an error. */
export interface SupervisorOptions {
  /** The processes that belong together. @default [] */
  children?: readonly ChildOptions[];
  /** Listening sockets that the supervisor binds once and hands down, by name. @default {} */
  sockets?: Readonly<Record<string, SocketOptions>>;
  /**
   * Signals that stop every child in order and then end this process with exit code 0. A second one within half a second counts
   * as the same; a later one ends everything at once.
   * @default [] (the supervisor takes no signal)
   */
  signals?: readonly NodeJS.Signals[];
  /**
   * Signals at which `reload` is called, such as SIGHUP; how it went is the event `reload`.
   * @default [] (the supervisor takes no signal)
   */
  reloadSignals?: readonly NodeJS.Signals[];
  /**
   * Asked at each `reload()` for the options to go on with; how it fails, the reload fails. Without it a reload goes on with the
   * options of the last one that succeeded. A reload takes over `children`, `sockets`, `reloadParallelism` and `output`. Other operations
   * of the supervisor come after the reload: waiting for one in here would never end.
   */
  configure?: () => SupervisorOptions | Promise<SupervisorOptions>;
  /** How many children a reload replaces at the same time. @default 1 */
  reloadParallelism?: number;
  /** Where the children's lines go, beside the `output` event. @default [] */
  output?: readonly SinkOptions[];
  /**
   * Path of a unix socket where the `supervisor` command asks for status, logs, reloads and the rest. Its mode is 0600; a stale one is
   * replaced.
   * @default none
   */
  controlSocket?: string;
  /** What happens to the same child again within this time comes as one `alert` at its end. @default 300_000 */
  alertIntervalMs?: number;
  /**
   * Called after the last line of each process of a child that ended, for whatever reason, beside the next start: what has to be
   * put in order is done in a process that lives. Not for spares. Its failure is a `hookFailed` event.
   */
  onChildExit?: ChildExitHook;
  /** After that the hook's `signal` is aborted and nobody waits for it any more. @default 30_000 */
  onChildExitTimeoutMs?: number;
  /**
   * Gets each `alert` to send it on, as a mail for example; it has ten seconds, also for those of the end. Its failure is a
   * `hookFailed` event.
   */
  onAlert?: AlertHook;
}

/** A socket that stays bound while the processes behind it come and go. Either `port` or `path`. */
export interface SocketOptions {
  /** TCP port; 0 lets the system choose. */
  port?: number;
  /**
   * Name or address to bind.
   * @default every address of the machine
   */
  host?: string;
  /** Path of a unix socket. A stale one, behind which nobody listens, is replaced. */
  path?: string;
}

/** One process, or several alike. Exactly one of `script` and `command`. */
export interface ChildOptions {
  /** Unique; with `instances` the processes are called `name-1`, `name-2` and so on. */
  name: string;
  /** A Node.js script, found from `cwd`. Links are followed anew at every start. */
  script?: string;
  /** Any other program, found on the child's PATH. */
  command?: string;
  /** @default [] */
  args?: readonly string[];
  /** @default the supervisor's own */
  cwd?: string;
  /** Added to the supervisor's environment, and stronger than it. `undefined` removes a variable. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Name or number of the user to run as, with that user's primary group, HOME, USER and LOGNAME. Needs root. */
  user?: string | number;
  /** Where the child listens: handed down as PORT, and to the health check. Each instance gets the next one. */
  port?: number;
  /** @default 1 */
  instances?: number;
  /**
   * Names of `sockets` to inherit, as file descriptors 3, 4 and so on, announced as LISTEN_FDS. A script may also listen on the
   * port or path itself: it gets the socket. PORT is that of the first, unless `port` says otherwise.
   */
  sockets?: readonly string[];
  /** Names of children that have to be ready (tasks: completed) first. Stopped in reverse. */
  after?: readonly string[];
  /**
   * It runs to its end: exit code 0 makes it `completed`, which is what its dependents wait for. A reload runs it again.
   * @default false
   */
  task?: boolean;
  /**
   * What makes the child ready: `message`, its `process.send('ready')` (scripts only); `listening`, that it listens on a held
   * socket (scripts only); `notify`, a line feed on the file descriptor that NOTIFY_FD names (any program, as under s6);
   * `health-check`, the first success; `spawn`, that it exists.
   * @default 'health-check' with a `healthCheck`, 'listening' for a script with `sockets` or `listen`, else 'spawn'
   */
  readiness?: Readiness;
  /**
   * How long it may take to get ready, or a task to complete.
   * @default 30_000, for a task no limit
   */
  readyTimeoutMs?: number;
  /** Asks whether the child does its work: a function, `httpCheck`, `tcpCheck`, `lineCheck`, or one of these as data. The next four need it. */
  healthCheck?: HealthCheck;
  /** @default 60_000 */
  healthCheckIntervalMs?: number;
  /** A check without an answer by then has failed. @default 5_000 */
  healthCheckTimeoutMs?: number;
  /** So many failures in a row replace the child. @default 3 */
  unhealthyThreshold?: number;
  /** After it got ready, failures do not count for so long. @default 0 */
  startGraceMs?: number;
  /** Sent to the child's process group to end it. @default 'SIGTERM' */
  stopSignal?: NodeJS.Signals;
  /** After that the process group gets SIGKILL. @default 10_000 */
  stopTimeoutMs?: number;
  /**
   * What the child gets when the supervisor itself dies. With anything but SIGKILL it has five seconds to end.
   * @default 'SIGKILL'
   */
  deathSignal?: NodeJS.Signals;
  /** How it is started again after it ended; `false`: not at all, it is `failed`. @default {} (the defaults of each) */
  restart?: RestartOptions | false;
  /**
   * A held socket of its own, as file descriptor 3, before those of `sockets`. With `instances` the first gets `port`, each
   * further one the next; with port 0 each gets one that is free; `/run/api.sock` becomes `/run/api-1.sock`, `/run/api-2.sock` and
   * so on. It is bound when the child is added and closed when the child is stopped by name or gone for good.
   */
  listen?: SocketOptions;
  /**
   * Further held sockets of its own, behind those of `sockets`: `{ metrics: { port: 9101 } }` is `api-metrics`, and with
   * `instances` `api-1-metrics`, `api-2-metrics` and so on. Otherwise like `listen`.
   */
  ownSockets?: Readonly<Record<string, SocketOptions>>;
  /**
   * A file of `NAME=value` lines, found from `cwd`, as `node --env-file` reads it. Read anew for each process. Its variables are
   * stronger than the supervisor's, weaker than PORT and `env`.
   */
  envFile?: string;
  /**
   * What a reload does with it: `overlap`, the new process is ready before the old one is told to stop (needs held sockets and
   * a readiness that the child itself tells); `stop-first`, the old one ends before the new one is started; `none`, it is left
   * alone, and new settings count from its next start.
   * @default 'overlap' where that is possible, else 'stop-first'; a task runs again
   */
  reload?: ReloadKind;
  /** The wait between the end of the old process and the start of the new one with `reload: 'stop-first'`. @default 0 */
  reloadPauseMs?: number;
  /**
   * A script whose event loop does not turn for so long is blocked: it is replaced, and what blocked it is reported. Counted from
   * readiness on. Not while a debugger is open, the process is stopped by SIGSTOP, or this process itself was late. At least 100;
   * `false`: no heartbeat.
   * @default 30_000 for scripts that are no tasks
   */
  heartbeatTimeoutMs?: number | false;
  /** Where its lines go instead. @default the supervisor's */
  output?: readonly SinkOptions[];
  /**
   * A second process that has started already, up to its `listen`, takes over at once when the first one ends. One that does not
   * answer within a second is passed over: an ordinary start follows. It needs a `script`
   * with held sockets and `readiness: 'listening'` or `'message'`.
   * @default false
   */
  spare?: boolean;
  /** The process is replaced when it holds more memory (resident set; Linux only), if it can be by one that is ready before. @default no limit */
  memoryLimitBytes?: number;
  /** How often to look. @default 5_000 */
  memoryCheckIntervalMs?: number;
  /** @default that of the supervisor */
  onChildExit?: ChildExitHook;
  /** @default that of the supervisor */
  onChildExitTimeoutMs?: number;
  /**
   * Linux: the child gets a process namespace of its own, out of which nothing that it starts can escape: all of it ends with the
   * child, and with the supervisor. Inside, process ids are others, and the environment has no variables whose names a shell does
   * not take. A child that a signal ended has 128 and the signal's number as its exit code. Root may do that, and others where
   * the system permits user namespaces; else the start fails with `SPAWN_FAILED`.
   * @default false
   */
  namespace?: boolean;
}

/** What a reload does with a child. */
export type ReloadKind = 'overlap' | 'stop-first' | 'none';

/** What makes a child ready. */
export type Readiness = 'message' | 'listening' | 'notify' | 'health-check' | 'spawn';

/** The first restart after a healthy spell comes at once; the next ones wait longer and longer. */
export interface RestartOptions {
  /** The wait before the second restart in a row. @default 100 */
  initialDelayMs?: number;
  /** The wait doubles up to this. @default 30_000 */
  maxDelayMs?: number;
  /** The part of each wait that is left to chance, 0 to 1, so that many do not start at the same moment. @default 0.5 */
  jitter?: number;
  /** Ready for so long, a child has recovered: the waits begin anew. @default 10_000 */
  resetAfterMs?: number;
  /** More restarts than this within `windowMs` and the child is `failed`. @default 10 */
  maxRestarts?: number;
  /** @default 60_000 */
  windowMs?: number;
}
