/**
 * Who spoke when a put failed.
 * - `s3`: S3 itself refused, or answered something that does not match what was sent.
 * - `proxy`: somebody between here and S3 answered in its place (nginx, a firewall, a captive portal).
 * - `network`: nobody answered, or not in time.
 * - `file`: the file, on this machine.
 * - `client`: the SDK's client could not make or sign the request.
 * - `caller`: this program: a wrong argument, its AbortSignal, its `close()`.
 */
export type S3PutErrorSource = 's3' | 'proxy' | 'network' | 'file' | 'client' | 'caller';

export type S3PutErrorCode =
  /** S3 answered with an error: see `s3.code`. */
  | 'ES3'
  /** S3 answered with success, but its checksum or ETag is not that of the bytes sent. */
  | 'EINTEGRITY'
  /** Somebody who is not S3 answered: see `statusCode` and `proxy.excerpt`. */
  | 'EPROXY'
  /** The connection failed: see `cause.code`, such as ECONNRESET or ENOTFOUND. */
  | 'ENETWORK'
  /** No connection within `connectTimeoutMs`. */
  | 'ECONNECTTIMEOUT'
  /** Nothing moved in either direction for `idleTimeoutMs`. */
  | 'EIDLETIMEOUT'
  /** The put, with all of its attempts, took longer than `totalTimeoutMs`. */
  | 'ETOTALTIMEOUT'
  | 'EFILENOTFOUND'
  | 'EFILEACCESS'
  /** A directory, FIFO, socket or device. */
  | 'EFILETYPE'
  /** Opening or reading failed otherwise: see `cause.code`, such as EIO or EMFILE. */
  | 'EFILEREAD'
  /** The file was truncated, grew, was written to or replaced while it was sent. */
  | 'EFILECHANGED'
  /** The stream failed, gave something else than bytes, or more than fits into an object: see `cause`. */
  | 'ESTREAM'
  /** The journal of an upload cannot be read or written. */
  | 'EJOURNAL'
  /** The client's credential provider failed. */
  | 'ECREDENTIALS'
  /** The client failed otherwise before anything was sent. */
  | 'ECLIENT'
  | 'EABORTED'
  /** The S3Put was closed or destroyed. */
  | 'ECLOSED'
  /** A wrong option, key or header. */
  | 'EINVALID';

/** What S3 said in its error document. What it did not say is absent. */
export interface S3Refusal {
  /** S3's own code, such as `AccessDenied` or `SlowDown`. */
  code?: string;
  message?: string;
  requestId?: string;
  /** The extended request id, which AWS support asks for. */
  hostId?: string;
  resource?: string;
  /** Where the bucket is, when S3 said so. */
  region?: string;
  /** The endpoint that S3 redirects to. */
  endpoint?: string;
}

/** What somebody who is not S3 answered. */
export interface ProxyAnswer {
  /** The `Server` header. */
  server?: string;
  contentType?: string;
  /** The beginning of its page as plain text, at most 200 characters. */
  excerpt: string;
}

/** One failed attempt. */
export interface FailedAttempt {
  code: S3PutErrorCode;
  message: string;
  statusCode?: number;
  /** Bytes of the body that were handed to the connection. */
  bytesSent: number;
  durationMs: number;
}

/** What a put was about. */
export interface PutSubject {
  operation: string;
  bucket: string;
  key?: string;
  filePath?: string;
}

interface S3PutErrorDetails extends Partial<PutSubject> {
  source: S3PutErrorSource;
  code: S3PutErrorCode;
  retryable?: boolean;
  statusCode?: number;
  s3?: S3Refusal;
  proxy?: ProxyAnswer;
  uploadId?: string;
  resumableUploadId?: string;
  history?: readonly FailedAttempt[];
  cause?: unknown;
}

/** The one error of this package. */
export class S3PutError extends Error {
  static {
    this.prototype.name = 'S3PutError';
  }

  declare readonly code: S3PutErrorCode;
  declare readonly source: S3PutErrorSource;
  /** The S3 operation, such as `PutObject`. */
  declare readonly operation?: string;
  declare readonly bucket?: string;
  declare readonly key?: string;
  declare readonly filePath?: string;
  /** Whether the same put may succeed later with nothing changed. The client's own retries are already spent. */
  declare readonly retryable: boolean;
  /** The HTTP status of the last answer, if there was one. */
  declare readonly statusCode?: number;
  /** Set when `source` is `s3`. */
  declare readonly s3?: S3Refusal;
  /** Set when `source` is `proxy`. */
  declare readonly proxy?: ProxyAnswer;
  /** A multipart upload that could not be taken out of the bucket after the failure: its parts cost storage until it is aborted. */
  declare readonly uploadId?: string;
  /** A multipart upload that was kept on purpose: the same put with the same `journalDirectory` goes on with it. */
  declare readonly resumableUploadId?: string;
  /** The failed attempts in order, the last one included. Empty when nothing was sent. */
  declare readonly history: readonly FailedAttempt[];

  constructor(message: string, { cause, ...details }: S3PutErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    const present = Object.entries(details).filter(([, value]) => value !== undefined);
    Object.assign(
      this,
      { code: details.code, source: details.source, retryable: false, history: [] },
      Object.fromEntries(present),
    );
  }
}

/** A wrong argument of the caller. */
export const invalid = (message: string, subject: Partial<PutSubject> = {}): S3PutError =>
  new S3PutError(message, { ...subject, source: 'caller', code: 'EINVALID' });
