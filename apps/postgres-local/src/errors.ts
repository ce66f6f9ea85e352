export type PostgresLocalErrorCode =
  /** No Postgres of the wanted source (and major version) is on this machine. */
  | 'POSTGRES_NOT_FOUND'
  /** The unprivileged user that Postgres must run as can't enter the folder. */
  | 'POSTGRES_DIRECTORY_UNREACHABLE'
  /** `initdb` failed; the message carries what it printed. */
  | 'POSTGRES_INIT_FAILED'
  /** The server ended before it took connections; the message carries what it printed. */
  | 'POSTGRES_START_FAILED'
  /** No port between 20000 and 32767 is free. */
  | 'NO_FREE_PORT';

export class PostgresLocalError extends Error {
  static {
    this.prototype.name = 'PostgresLocalError';
  }

  readonly code: PostgresLocalErrorCode;

  constructor(code: PostgresLocalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
