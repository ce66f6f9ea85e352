/** An option was wrong: thrown at once by the function that took it. */
export class OptionError extends TypeError {
  static {
    this.prototype.name = 'OptionError';
  }
  readonly code = 'ERR_INVALID_OPTION';
  /** The option's name, for example `timeoutMs` or `servers[0]`. */
  readonly option: string;

  constructor(option: string, message: string) {
    super(message);
    this.option = option;
  }
}

/**
 * - `ERR_SHUTTING_DOWN`: the reason of `handle.signal`: the process goes, end what would otherwise never end.
 * - `ERR_SHUTDOWN_FORCED`: the reason of a hook's signal: the operator or a crash does not wait any longer.
 * - `ERR_HOOK_TIMEOUT`: a cleanup hook did not settle within its limit.
 * - `ERR_HOOK_FAILED`: a cleanup hook threw or rejected; `cause` is what it threw.
 * - `ERR_CHECK_TIMEOUT`: the reason of a health check's signal: it did not settle within its limit.
 * - `ERR_HOOK_EXITED`: a cleanup hook called `process.exit()`, which would have ended the process under the others.
 * - `ERR_TOO_LATE`: a server or a hook was added after its time, or after the handle was disposed.
 */
export type ShutdownErrorCode =
  | 'ERR_SHUTTING_DOWN'
  | 'ERR_SHUTDOWN_FORCED'
  | 'ERR_HOOK_TIMEOUT'
  | 'ERR_HOOK_FAILED'
  | 'ERR_CHECK_TIMEOUT'
  | 'ERR_HOOK_EXITED'
  | 'ERR_TOO_LATE';

/** The reason of a signal that aborts because of a time limit. */
export function unfinished(code: ShutdownErrorCode, what: string, limitMs: number): ShutdownError {
  return new ShutdownError(code, `${what} did not finish within ${limitMs} ms`);
}

/** Something about the end of the process, told by its stable `code`. */
export class ShutdownError extends Error {
  static {
    this.prototype.name = 'ShutdownError';
  }
  readonly code: ShutdownErrorCode;

  constructor(code: ShutdownErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
