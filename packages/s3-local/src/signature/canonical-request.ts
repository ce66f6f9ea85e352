import { createHash } from 'node:crypto';
import type { S3Request } from '../request.ts';

/**
 * The text that a signature is made over, built anew from what arrived.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function canonicalRequest(
  request: S3Request,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  return [
    request.method,
    encoded(request.path).replaceAll('%2F', '/'),
    canonicalQuery(request),
    ...signedHeaders.map((name) => `${name}:${collapsed(request.headers.get(name) ?? '')}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

/** Header values are kept one character a byte, so the digest is made over the bytes that were sent. */
export function canonicalDigest(canonical: string): string {
  return createHash('sha256').update(canonical, 'latin1').digest('hex');
}

function canonicalQuery(request: S3Request): string {
  return request.query
    .filter(({ name }) => name !== 'X-Amz-Signature')
    .map(({ name, value }) => [encoded(Buffer.from(name)), encoded(Buffer.from(value))] as const)
    .toSorted(([nameA, valueA], [nameB, valueB]) => order(nameA, nameB) || order(valueA, valueB))
    .map((pair) => pair.join('='))
    .join('&');
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function collapsed(value: string): string {
  return value.trim().replaceAll(/ +/g, ' ');
}

const encodedBytes = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCodePoint(byte);
  return /[A-Za-z0-9._~-]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function encoded(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) text += encodedBytes[byte] ?? '';
  return text;
}
