import type {
  FailedAttempt,
  ProxyAnswer,
  PutSubject,
  S3PutErrorCode,
  S3PutErrorSource,
  S3Refusal,
} from './errors.ts';
import { S3PutError } from './errors.ts';

export interface FailureDetails {
  source: S3PutErrorSource;
  code: S3PutErrorCode;
  retryable?: boolean;
  s3?: S3Refusal;
  proxy?: ProxyAnswer;
  answer?: { statusCode: number; headers: Record<string, string> };
  /** The S3 operation that failed, when it is known. */
  operation?: string;
  /** Of an upload that is left in the bucket. */
  uploadId?: string;
  /** Of an upload that the same put would resume. */
  resumableUploadId?: string;
  /** It only ended because another request of the same put failed, and is no part of the history. */
  isEcho?: boolean;
  cause?: unknown;
}

/**
 * Why an attempt ended, on its way through the SDK's client. It carries what the client's retry, clock and region middleware
 * look at in an error (`name`, `$metadata`, `$response`, `$retryable`), so that they judge it as one of their own; the user
 * gets an S3PutError made of it.
 */
export class Failure extends Error {
  readonly details: FailureDetails;
  readonly $metadata: { httpStatusCode?: number };
  readonly $response: FailureDetails['answer'];
  readonly $retryable: { throttling: boolean } | undefined;

  constructor(message: string, details: FailureDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const { answer, s3 } = details;
    this.name = s3?.code ?? details.code;
    this.details = details;
    this.$metadata = answer === undefined ? {} : { httpStatusCode: answer.statusCode };
    this.$response = answer;
    this.$retryable = details.retryable
      ? { throttling: isThrottling(answer?.statusCode, s3?.code) }
      : undefined;
  }
}

/** The user's error: what was being done, to which object, and why it failed. */
export function errorOf(thrown: unknown, subject: PutSubject, history: readonly FailedAttempt[]): S3PutError {
  // A wrong argument says all there is to say.
  if (thrown instanceof S3PutError) return thrown;
  const failure = failureOf(thrown);
  const { answer, cause, isEcho: _, operation = subject.operation, ...details } = failure.details;
  const attempts = history.length > 1 ? ` (after ${history.length} attempts)` : '';
  const left = details.uploadId === undefined ? '' : `; the upload ${details.uploadId} is left in the bucket`;
  const kept = details.resumableUploadId === undefined ? '' : '; the same put will go on from here';
  return new S3PutError(`${operation} ${nameOf(subject)}: ${failure.message}${attempts}${left}${kept}`, {
    ...subject,
    ...details,
    operation,
    statusCode: answer?.statusCode,
    history,
    cause,
  });
}

/** A Failure as it is; anything else is the SDK's: no credentials, no region, a bucket name that it refuses. */
export function failureOf(thrown: unknown, operation?: string): Failure {
  if (thrown instanceof Failure) {
    thrown.details.operation ??= operation;
    return thrown;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const isAboutCredentials = thrown instanceof Error && /credential|token/i.test(thrown.name);
  const code = isAboutCredentials ? 'ECREDENTIALS' : 'ECLIENT';
  return new Failure(message, { source: 'client', code, operation, cause: thrown });
}

function nameOf({ filePath, bucket, key }: PutSubject): string {
  const target = `s3://${bucket}/${key ?? ''}`;
  return filePath === undefined ? `to ${target}` : `of ${JSON.stringify(filePath)} to ${target}`;
}

const isThrottling = (statusCode?: number, code?: string): boolean =>
  statusCode === 429 || code === 'SlowDown';
