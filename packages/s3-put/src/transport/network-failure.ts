import { Failure } from '../failure.ts';

/** What a connection's error means. A Failure that was its reason comes out as it is. */
export function networkFailure(error: Error): Failure {
  if (error instanceof Failure) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  return new Failure(`the connection failed: ${messageOf(error)}`, {
    source: 'network',
    code: 'ENETWORK',
    retryable: PASSING_CODES.has(code),
    cause: error,
  });
}

/** Trying to connect to several addresses fails with an AggregateError, whose own message is empty. */
function messageOf(error: Error): string {
  const causes = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  return causes.map((cause) => cause.message).join('; ');
}

/** Those that time may heal. A refused certificate or an answer that is no HTTP is none of them. */
const PASSING_CODES = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);
