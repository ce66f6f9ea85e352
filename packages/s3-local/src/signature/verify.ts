import type { Settings } from '../options.ts';
import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import { canonicalDigest, canonicalRequest } from './canonical-request.ts';
import { readClaim } from './claim.ts';
import type { SignatureClaim } from './claim.ts';
import { scopeProblem } from './scope-problem.ts';
import { isSameSignature, scopeText, signed, signingKey } from './signing-key.ts';

/** What a verified signature says about the body that follows. */
export interface VerifiedSignature {
  readonly form: SignatureClaim['form'];
  /** `x-amz-content-sha256`: a SHA-256 in hex, or one of the words for a body signed otherwise or not at all. */
  readonly payloadHash: string;
  /** Signs the next string with the same key: chunks are signed in a chain that starts here. */
  readonly sign: (stringToSign: string) => string;
  readonly signature: string;
  readonly timestamp: string;
  readonly scope: string;
}

/** Verifies that our key pair signed this request, now, for this region; throws the refusal that S3 would give. */
export function verifySignature(request: S3Request, settings: Settings, nowMs: number): VerifiedSignature {
  const claim = readClaim(request);
  verifyScope(claim, settings.region);
  if (claim.accessKeyId !== settings.credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', { details: { AWSAccessKeyId: claim.accessKeyId } });
  }
  // Long-lived keys have no session token: one that comes along was never issued by us.
  const token = request.headers.get('x-amz-security-token') ?? parameter(request, 'X-Amz-Security-Token');
  if (token !== undefined) throw new S3Error('InvalidToken', { details: { 'Token-0': token } });
  verifyTime(claim, settings.maxClockSkewMs, nowMs);
  verifySignedHeaders(claim, request);

  const payloadHash = readPayloadHash(claim, request);
  const canonical = canonicalRequest(request, claim.signedHeaders, payloadHash);
  const scope = scopeText(claim.scope);
  const stringToSign = ['AWS4-HMAC-SHA256', claim.timestamp, scope, canonicalDigest(canonical)].join('\n');
  const key = signingKey(settings.credentials.secretAccessKey, claim.scope);
  if (!isSameSignature(signed(key, stringToSign), claim.signature)) {
    throw new S3Error('SignatureDoesNotMatch', {
      details: {
        AWSAccessKeyId: claim.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: claim.signature,
        CanonicalRequest: canonical,
      },
    });
  }
  return {
    form: claim.form,
    payloadHash,
    sign: (text) => signed(key, text),
    signature: claim.signature,
    timestamp: claim.timestamp,
    scope,
  };
}

function verifyScope({ form, scope, timestamp }: SignatureClaim, region: string): void {
  const [code, start] =
    form === 'header'
      ? (['AuthorizationHeaderMalformed', 'The authorization header is malformed; '] as const)
      : (['AuthorizationQueryParametersError', 'Error parsing the X-Amz-Credential parameter; '] as const);
  const problem = scopeProblem(scope, timestamp, region);
  if (!problem) return;
  const { message, details = {} } = problem;
  throw new S3Error(code, { message: start + message, details });
}

function verifyTime(claim: SignatureClaim, maxClockSkewMs: number, nowMs: number): void {
  const iso = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');
  if (claim.form === 'query') {
    if (claim.signedAtMs - nowMs > maxClockSkewMs) {
      throw new S3Error('AccessDenied', { message: 'Request is not yet valid' });
    }
    const expiresAtMs = claim.signedAtMs + claim.expiresMs;
    if (nowMs > expiresAtMs) {
      throw new S3Error('AccessDenied', {
        message: 'Request has expired',
        details: {
          'X-Amz-Expires': String(claim.expiresMs / 1000),
          Expires: iso(expiresAtMs),
          ServerTime: iso(nowMs),
        },
      });
    }
  } else if (Math.abs(claim.signedAtMs - nowMs) > maxClockSkewMs) {
    throw new S3Error('RequestTimeTooSkewed', {
      details: {
        RequestTime: claim.timestamp,
        ServerTime: iso(nowMs),
        MaxAllowedSkewMilliseconds: String(maxClockSkewMs),
      },
    });
  }
}

/** The host and everything of Amazon's own that is sent has to be signed, or somebody on the way could change it. */
function verifySignedHeaders({ signedHeaders }: SignatureClaim, request: S3Request): void {
  const names = new Set(signedHeaders);
  const unsigned = [...request.headers.keys()].filter((name) => {
    const needed = name === 'host' || name.startsWith('x-amz-');
    return needed && name !== 'x-amz-content-sha256' && !names.has(name);
  });
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      details: { HeadersNotSigned: unsigned.join(', ') },
    });
  }
}

const words = new Set([
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);

function readPayloadHash(claim: SignatureClaim, request: S3Request): string {
  const given = request.headers.get('x-amz-content-sha256') ?? parameter(request, 'X-Amz-Content-Sha256');
  if (given === undefined && claim.form === 'query') return 'UNSIGNED-PAYLOAD';
  if (given === undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    });
  }
  if (!words.has(given) && !/^[\da-f]{64}$/.test(given)) {
    throw new S3Error('InvalidArgument', {
      message:
        'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      details: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: given },
    });
  }
  return given;
}
