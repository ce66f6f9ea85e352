/** What went wrong, stable across versions. */
export type SupervisorErrorCode =
  /** An option has the wrong type, is unknown, or does not fit another one. */
  | 'INVALID_OPTION'
  /** The configuration file cannot be loaded. */
  | 'CONFIG_NOT_LOADED'
  /** There is no such script file. */
  | 'SCRIPT_NOT_FOUND'
  /** There is no such program on the child's PATH. */
  | 'COMMAND_NOT_FOUND'
  /** The machine knows no such user. */
  | 'USER_NOT_FOUND'
  /** The operating system refused to create the process. */
  | 'SPAWN_FAILED'
  /** Somebody else has the port or the path of a socket, or the port that a child was to listen on. */
  | 'PORT_TAKEN'
  /** A socket cannot be bound for another reason. */
  | 'BIND_FAILED'
  /** The child ended before it was ready, or while it should have been running. */
  | 'CHILD_EXITED'
  /** The child was not ready within its limit. */
  | 'CHILD_NOT_READY'
  /** A task ended with an exit code other than 0, or by a signal. */
  | 'TASK_FAILED'
  /** A health check failed. */
  | 'HEALTH_CHECK_FAILED'
  /** The child ended too often: it is not started again. */
  | 'RESTART_LIMIT'
  /** The supervisor was told to stop in the meantime. */
  | 'STOPPED'
  /** There is no child, or no group of children, of this name. */
  | 'UNKNOWN_CHILD'
  /** The supervisor was not started: there is nothing to reload, restart, stop or scale. */
  | 'NOT_STARTED'
  /** The `envFile` of a child cannot be read. */
  | 'ENV_FILE_NOT_READ'
  /** A sink cannot be written to. */
  | 'OUTPUT_FAILED'
  /** Another supervisor answers at the control socket. */
  | 'CONTROL_SOCKET_TAKEN'
  /** Nobody listens at the control socket. */
  | 'NO_SUPERVISOR'
  /** The connection to a supervisor failed, or ended without an answer. */
  | 'CONTROL_FAILED'
  /** What came to the control socket is no request. */
  | 'INVALID_REQUEST'
  /** The child's event loop did not turn any more. */
  | 'CHILD_BLOCKED'
  /** The child held more memory than it may. */
  | 'MEMORY_LIMIT_EXCEEDED'
  /** `onChildExit` or `onAlert` threw, or took too long. */
  | 'HOOK_FAILED';

/** What an error knows beside its message. */
export interface SupervisorErrorDetails {
  /** The child it is about. */
  child?: string;
  /** The exit code of the child, if it has ended by itself. */
  exitCode?: number | null;
  /** The signal that ended the child. */
  signal?: NodeJS.Signals | null;
  /** The last lines that the child wrote, oldest first. */
  lastLines?: readonly string[];
  /** Of a reload or restart that failed: the children that were replaced before, or started, or stopped. */
  replaced?: readonly string[];
  /** Of a reload or restart that failed: the children that go on as they were. */
  left?: readonly string[];
  cause?: unknown;
}

/** Every failure of this package. `code` says which; `cause` holds what led to it. */
export class SupervisorError extends Error {
  static {
    this.prototype.name = 'SupervisorError';
  }

  readonly code: SupervisorErrorCode;
  readonly child: string | undefined;
  readonly exitCode: number | null | undefined;
  readonly signal: NodeJS.Signals | null | undefined;
  readonly lastLines: readonly string[];
  readonly replaced: readonly string[] | undefined;
  readonly left: readonly string[] | undefined;

  constructor(code: SupervisorErrorCode, message: string, details: SupervisorErrorDetails = {}) {
    const { child, exitCode, signal, lastLines = [], replaced, left, cause } = details;
    const lastWords = lastLines.length > 0 ? `${LAST_WORDS}\n${indent(lastLines)}` : '';
    super(message + lastWords, cause === undefined ? undefined : { cause });
    this.code = code;
    this.child = child;
    this.exitCode = exitCode;
    this.signal = signal;
    this.lastLines = lastLines;
    this.replaced = replaced;
    this.left = left;
  }
}

/** What whatever was thrown has to say. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A message as it is where the last words behind it are shown on their own, or are too much. */
export function withoutLastWords(message: string): string {
  return message.split(LAST_WORDS, 1)[0] ?? message;
}

/** A supervisor was told to stop, and nothing new begins. */
export function supervisorStopped(): SupervisorError {
  return new SupervisorError('STOPPED', 'The supervisor was told to stop');
}

const LAST_WORDS = '; its last words:';

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
