import type { Settings } from '../options.ts';
import { S3Error } from '../s3-error.ts';
import { parseTimestamp, splitCredential } from '../signature/claim.ts';
import { scopeProblem } from '../signature/scope-problem.ts';
import { isSameSignature, signed, signingKey } from '../signature/signing-key.ts';
import type { FormFields } from './form-fields.ts';

/** In the order in which S3 misses them. */
const needed = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature'];

/**
 * Verifies that our key pair signed the policy of a form, and gives that policy, still in base64. How long it is good
 * for is its own to say.
 */
export function verifyFormSignature(fields: FormFields, { region, credentials }: Settings): string {
  const policy = fields.get('policy');
  if (policy === undefined || needed.every((name) => fields.get(name) === undefined)) {
    throw new S3Error('AccessDenied');
  }
  const [algorithm = '', credential = '', timestamp = '', signature = ''] = needed.map((name) => {
    const value = fields.get(name);
    if (value !== undefined) return value;
    throw missingField(name);
  });
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw invalid('X-Amz-Algorithm', algorithm, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  if (parseTimestamp(timestamp) === undefined) {
    throw invalid(
      'X-Amz-Date',
      timestamp,
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    );
  }
  const claim = splitCredential(credential);
  if (!claim) {
    throw invalid(
      'X-Amz-Credential',
      credential,
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const problem = scopeProblem(claim.scope, timestamp, region);
  if (problem) throw invalid('X-Amz-Credential', credential, problem.message, problem.details);
  if (claim.accessKeyId !== credentials.accessKeyId) {
    throw new S3Error('InvalidAccessKeyId', { details: { AWSAccessKeyId: claim.accessKeyId } });
  }
  const token = fields.get('x-amz-security-token');
  if (token !== undefined) throw new S3Error('InvalidToken', { details: { 'Token-0': token } });
  const key = signingKey(credentials.secretAccessKey, claim.scope);
  if (!isSameSignature(signed(key, policy), signature)) {
    throw new S3Error('SignatureDoesNotMatch', {
      details: { AWSAccessKeyId: claim.accessKeyId, StringToSign: policy, SignatureProvided: signature },
    });
  }
  return policy;
}

export function missingField(name: string): S3Error {
  const message = `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`;
  return invalid(name, '', message);
}

function invalid(
  name: string,
  value: string,
  message: string,
  details: Record<string, string> = {},
): S3Error {
  return new S3Error('InvalidArgument', {
    message,
    details: { ArgumentName: name, ArgumentValue: value, ...details },
  });
}
