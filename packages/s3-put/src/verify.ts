import { checksumAmong } from './checksum/headers.ts';
import { Failure } from './failure.ts';
import type { WireAnswer } from './response.ts';

/** What was sent, as it must come back. */
export interface Sent {
  bucket: string;
  /** The request's own headers, in lower case. */
  headers: Record<string, string>;
  /** MD5 of the body: at hand, or made now if the answer needs it; undefined when ETags are not to be verified. */
  md5: Buffer | (() => Promise<Buffer | undefined>) | undefined;
  /** Whether sending it once more may heal a difference. */
  isRepeatable?: boolean;
}

/** Which of S3's answers were compared with what was sent, and agreed. */
export interface Verified {
  /** False when the server did not return the checksum. */
  checksum: boolean;
  /**
   * False when the ETag is no MD5 (encrypted with KMS or a customer's key, a directory bucket), when `verifyETag` is off, and by
   * default for a body of more than a MiB whose checksum was verified.
   */
  etag: boolean;
}

/** @throws {Failure} EINTEGRITY */
export async function verify(answer: WireAnswer, sent: Sent): Promise<Verified> {
  const checksum = verifyChecksum(answer, sent);
  return { checksum, etag: await verifyETag(answer, sent, checksum) };
}

function verifyChecksum(answer: WireAnswer, { headers, isRepeatable }: Sent): boolean {
  const name = checksumAmong(headers);
  const returned = name && answer.headers[name];
  if (name === undefined || returned === undefined) return false;
  if (returned !== headers[name]) throw mismatch(answer, name, headers[name], returned, isRepeatable);
  return true;
}

async function verifyETag(answer: WireAnswer, { bucket, md5 }: Sent, isChecked: boolean): Promise<boolean> {
  const etag = answer.headers['etag']?.replaceAll('"', '');
  if (md5 === undefined || etag === undefined || !isMd5Based(etag, answer.headers, bucket)) return false;
  if (typeof md5 === 'function' && isChecked) return false;
  const expected = (typeof md5 === 'function' ? await md5() : md5)?.toString('hex');
  if (expected !== undefined && etag.toLowerCase() !== expected)
    throw mismatch(answer, 'ETag', expected, etag);
  return expected !== undefined;
}

/**
 * Not where S3 documents that an ETag is not made of MD5s: SSE-KMS, DSSE-KMS, SSE-C, directory buckets. Other servers
 * give such ETags another shape.
 */
export function isMd5Based(etag: string, headers: Record<string, string>, bucket: string): boolean {
  if (!/^"?[0-9a-f]{32}(-\d+)?"?$/i.test(etag) || bucket.endsWith('--x-s3')) return false;
  const encryption = headers['x-amz-server-side-encryption'];
  return (encryption === undefined || encryption === 'AES256') && headers[CUSTOMER_KEY_HEADER] === undefined;
}

export const mismatch = (
  answer: WireAnswer,
  what: string,
  sent: string | undefined,
  returned: string,
  retryable = false,
): Failure =>
  new Failure(
    `S3 stored something else than was sent: its ${what} is ${returned}, that of the bytes sent is ${sent}`,
    {
      source: 's3',
      code: 'EINTEGRITY',
      retryable,
      s3: { requestId: answer.headers['x-amz-request-id'], hostId: answer.headers['x-amz-id-2'] },
      answer,
    },
  );

const CUSTOMER_KEY_HEADER = 'x-amz-server-side-encryption-customer-algorithm';
