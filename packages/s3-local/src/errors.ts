/** What can go wrong with the server itself; what a request does wrong is answered in S3's own XML instead. */
export type S3LocalErrorCode =
  /** An option is missing, unknown or not what it has to be. */
  | 'EINVALIDOPTION'
  /** The address or the inherited descriptor cannot be listened on. */
  | 'ELISTEN'
  /** The folder cannot be made, read or written, or something else than s3-local keeps files there. */
  | 'EDIRECTORY';

/** Thrown by `createS3Local`. */
export class S3LocalError extends Error {
  static {
    this.prototype.name = 'S3LocalError';
  }

  readonly code: S3LocalErrorCode;

  constructor(code: S3LocalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
