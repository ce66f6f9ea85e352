/**
 * Something that goes wrong on purpose. The first fields say for which request, any where they are left out; the rest
 * says what happens, in the order in which it is listed here.
 */
export interface Fault {
  /** The operation by its name, such as `UploadPart`. */
  operation?: string;
  method?: string;
  bucket?: string;
  key?: string;
  /** The part of a multipart upload. */
  partNumber?: number;

  /**
   * How many requests that fit pass unharmed before it strikes.
   * @default 0
   */
  after?: number;

  /**
   * How many requests it strikes.
   * @default 1
   */
  times?: number;

  /** Does nothing for so many milliseconds once the head of the request is there. */
  delayMs?: number;

  /**
   * Moves that delay: nothing more is read once so many bytes of the request's body have arrived. Where a request has
   * no body, nothing more is sent once so many bytes of the answer were.
   */
  delayAfterBytes?: number;

  /** Reads the body without the `100 Continue` that was asked for. */
  withholdContinue?: boolean;

  /** Sends the `100 Continue` that was asked for twice. */
  repeatContinue?: boolean;

  /**
   * Resets the connection once so many bytes of the request's body have arrived. Where a request has no body, once so
   * many bytes of the answer were sent.
   */
  resetAfterBytes?: number;

  /** Answers with this status, 200 or from 400 to 599, instead of doing anything. Needs `code` or `page`. */
  status?: number;

  /** The code of the error in S3's XML that is answered, such as `SlowDown`; with status 200, an error all the same. */
  code?: string;

  /** What is answered instead of an error of S3: the page of a proxy, or nothing. */
  page?: 'nginx' | 'empty';

  /**
   * Whether the answer comes without S3's request id, as from somebody on the way. A proxy's page never has one.
   * @default false
   */
  withoutRequestId?: boolean;

  /** Answers as a bucket does that is elsewhere, instead of doing anything. */
  redirect?: Redirect;

  /**
   * Whether such an answer or redirect waits for the whole body instead of coming at once.
   * @default false
   */
  afterBody?: boolean;

  /** Does what the request asks for, and never answers. */
  withholdAnswer?: boolean;

  /** What becomes of the ETag in a successful answer, in its head and in its XML; what is stored keeps the right one. */
  etag?: 'wrong' | 'missing';

  /** The same for checksums. */
  checksum?: 'wrong' | 'missing';

  /**
   * Ends the connection once so many bytes of a successful answer's body were sent, although `Content-Length` has
   * promised more. Answers that cannot have a body, those to HEAD and with 204 or 304, stay as they are.
   */
  truncateAfterBytes?: number;
}

export interface Redirect {
  /** 301 says `PermanentRedirect`, 307 says `TemporaryRedirect` and where to. */
  status: 301 | 307;
  /** The host, with its port where it has one, such as `photos.s3.eu-central-1.amazonaws.com`. */
  endpoint: string;
  /** What `x-amz-bucket-region` says. */
  region: string;
}
