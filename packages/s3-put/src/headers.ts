import { validateHeaderName, validateHeaderValue } from 'node:http';
import { lookup } from 'mime-types';
import { invalid } from './errors.ts';

/** Headers in S3's own names: `content-type`, `cache-control`, `x-amz-acl`, `x-amz-meta-…`, `if-none-match`, … */
export type PutHeaders = Readonly<Record<string, string>>;

/**
 * The headers to send beside those of the client, in lower case.
 * @throws {S3PutError} EINVALID
 */
export function headersToSend(given: PutHeaders, key: string, filePath?: string): Record<string, string> {
  if (typeof given !== 'object' || given === null)
    throw invalid(`Expected the headers to be an object, got ${String(given)}`);
  const headers: Record<string, string> = {};
  for (const [givenName, value] of Object.entries(given)) {
    const name = givenName.toLowerCase();
    if (OURS.has(name)) throw invalid(`Expected no header \`${givenName}\`: it is set by the upload itself`);
    assertSendable(givenName, value);
    headers[name] = value;
  }
  headers['content-type'] ??=
    contentTypeOf(filePath ?? key) ?? contentTypeOf(key) ?? 'application/octet-stream';
  return headers;
}

/** They follow from the body, the connection or the signature. */
const OURS = new Set([
  'authorization',
  'connection',
  'content-length',
  'expect',
  'host',
  'transfer-encoding',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-security-token',
  'x-amz-trailer',
]);

function assertSendable(name: string, value: unknown): void {
  if (typeof value !== 'string')
    throw invalid(`Expected header \`${name}\` to be a string, got ${String(value)}`);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw invalid(`Expected header \`${name}\` to be sendable: ${(cause as Error).message}`);
  }
  // What the client signs of others is not what arrives: a tab is signed as a blank, and a letter as UTF-8 but sent as Latin-1.
  if (!PRINTABLE_ASCII.test(value))
    throw invalid(`Expected header \`${name}\` to be printable ASCII, got ${JSON.stringify(value)}`);
}

const PRINTABLE_ASCII = /^[ -~]*$/;

const contentTypeOf = (path: string): string | undefined => lookup(path) || undefined;
