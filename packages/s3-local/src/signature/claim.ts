import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { CredentialScope } from './signing-key.ts';

/** What a request says about its own signature, in either form; nothing of it is verified yet. */
export interface SignatureClaim {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260131T235959Z` */
  readonly timestamp: string;
  readonly signedAtMs: number;
  /** How long a presigned URL is good for. */
  readonly expiresMs: number;
}

const algorithm = 'AWS4-HMAC-SHA256';
const weekSeconds = 604_800;

export function readClaim(request: S3Request): SignatureClaim {
  const authorization = request.headers.get('authorization');
  const presigned = request.query.some(
    ({ name }) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature',
  );
  if (authorization !== undefined && presigned) {
    throw new S3Error('InvalidArgument', {
      message:
        'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified',
    });
  }
  if (presigned) return queryClaim(request);
  if (authorization === undefined) throw new S3Error('AccessDenied');
  return headerClaim(request, authorization);
}

const headerForm =
  /^AWS4-HMAC-SHA256\s+Credential=(?<credential>[^,\s]+)\s*,\s*SignedHeaders=(?<names>[^,\s]+)\s*,\s*Signature=(?<signature>[\da-f]{64})$/;

function headerClaim(request: S3Request, authorization: string): SignatureClaim {
  if (!authorization.startsWith(algorithm)) {
    throw new S3Error('InvalidRequest', {
      message: `The authorization mechanism you have provided is not supported. Please use ${algorithm}.`,
    });
  }
  const { credential = '', names = '', signature = '' } = headerForm.exec(authorization)?.groups ?? {};
  if (signature === '') throw new S3Error('AuthorizationHeaderMalformed');
  const timestamp = request.headers.get('x-amz-date') ?? fromHttpDate(request.headers.get('date'));
  const signedAtMs = parseTimestamp(timestamp);
  if (timestamp === undefined || signedAtMs === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    });
  }
  return {
    form: 'header',
    ...parseCredential(credential, 'AuthorizationHeaderMalformed'),
    signedHeaders: names.split(';'),
    signature,
    timestamp,
    signedAtMs,
    expiresMs: Number.POSITIVE_INFINITY,
  };
}

function queryClaim(request: S3Request): SignatureClaim {
  const read = (name: string): string => {
    const value = parameter(request, name);
    if (value !== undefined && value !== '') return value;
    throw malformedQuery(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  };
  if (read('X-Amz-Algorithm') !== algorithm) {
    throw malformedQuery(`X-Amz-Algorithm only supports "${algorithm}"`);
  }
  const timestamp = read('X-Amz-Date');
  const signedAtMs = parseTimestamp(timestamp);
  if (signedAtMs === undefined) {
    throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  const expires = read('X-Amz-Expires');
  if (!/^\d+$/.test(expires)) throw malformedQuery('X-Amz-Expires should be a number');
  if (Number(expires) > weekSeconds) {
    throw malformedQuery(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    );
  }
  return {
    form: 'query',
    ...parseCredential(read('X-Amz-Credential'), 'AuthorizationQueryParametersError'),
    signedHeaders: read('X-Amz-SignedHeaders').split(';'),
    signature: read('X-Amz-Signature'),
    timestamp,
    signedAtMs,
    expiresMs: Number(expires) * 1000,
  };
}

function malformedQuery(message: string): S3Error {
  return new S3Error('AuthorizationQueryParametersError', { message });
}

function parseCredential(
  credential: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): Pick<SignatureClaim, 'accessKeyId' | 'scope'> {
  const claim = splitCredential(credential);
  if (claim) return claim;
  throw new S3Error(code, {
    message: 'The Credential is malformed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
  });
}

export function splitCredential(
  credential: string,
): Pick<SignatureClaim, 'accessKeyId' | 'scope'> | undefined {
  const parts = credential.split('/');
  const [accessKeyId, date, region, service, terminator] = parts;
  if (parts.length !== 5 || !accessKeyId || !date || !region || !service || !terminator) return undefined;
  return { accessKeyId, scope: { date, region, service, terminator } };
}

export function parseTimestamp(timestamp: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp ?? '');
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hours, minutes, seconds);
}

function fromHttpDate(date: string | undefined): string | undefined {
  const time = Date.parse(date ?? '');
  if (Number.isNaN(time)) return undefined;
  return new Date(time).toISOString().replaceAll(/[:-]|\.\d+/g, '');
}
