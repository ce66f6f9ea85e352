import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Error } from './s3-error.ts';

/** The head of a request as S3 sees it. Header names are lower case; values hold one character a byte, as they came. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  /** The address of the bucket in the style that the request has, without a slash at its end. */
  readonly bucketUrl: string;
  /** The decoded path as it was sent: what signatures are made over. */
  readonly path: Buffer;
  readonly query: readonly QueryParameter[];
  readonly headers: ReadonlyMap<string, string>;
}

export interface QueryParameter {
  readonly name: string;
  readonly value: string;
}

/** What S3 puts into each answer, so that a request can be found again. */
export interface RequestIds {
  readonly requestId: string;
  readonly hostId: string;
}

export function newRequestIds(): RequestIds {
  return {
    requestId: randomBytes(8).toString('hex').toUpperCase(),
    hostId: randomBytes(48).toString('base64'),
  };
}

export function parseRequest(message: IncomingMessage, domains: readonly string[]): S3Request {
  const url = message.url ?? '';
  const question = url.indexOf('?');
  const path = percentDecoded(question === -1 ? url : url.slice(0, question));
  const headers = joinedHeaders(message.rawHeaders);
  const query = question === -1 ? [] : parseQuery(url.slice(question + 1));
  return {
    method: message.method ?? '',
    path,
    query,
    headers,
    ...resource(utf8(path), headers.get('host'), domains),
  };
}

export function parameter(request: S3Request, name: string): string | undefined {
  return request.query.find((candidate) => candidate.name === name)?.value;
}

/** `http://bucket.localhost:9000/key` (virtual-host style) or `http://127.0.0.1:9000/bucket/key` (path style). */
function resource(
  path: string,
  host = '',
  domains: readonly string[],
): Pick<S3Request, 'bucket' | 'key' | 'bucketUrl'> {
  if (!path.startsWith('/')) throw new S3Error('InvalidURI');
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const domain = domains.find((candidate) => name === candidate || name.endsWith(`.${candidate}`));
  const virtual = (domain && name.slice(0, -domain.length - 1)) || undefined;
  const base = `http://${host}`;
  if (virtual !== undefined) return { bucket: virtual, key: path.slice(1) || undefined, bucketUrl: base };
  const slash = path.indexOf('/', 1);
  const bucket = slash === -1 ? path.slice(1) : path.slice(1, slash);
  const key = slash === -1 ? '' : path.slice(slash + 1);
  return { bucket: bucket || undefined, key: key || undefined, bucketUrl: `${base}/${bucket}` };
}

function joinedHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = (raw[index + 1] ?? '').trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function parseQuery(raw: string): QueryParameter[] {
  return raw
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return { name: queryDecoded(name), value: queryDecoded(value) };
    });
}

function queryDecoded(text: string): string {
  return utf8(percentDecoded(text.replaceAll('+', ' ')));
}

function percentDecoded(text: string): Buffer {
  const characters = text.replaceAll(/%([\da-fA-F]{2})|%/g, (_, hex?: string) => {
    if (hex === undefined) throw new S3Error('InvalidURI');
    return String.fromCodePoint(Number.parseInt(hex, 16));
  });
  return Buffer.from(characters, 'latin1');
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new S3Error('InvalidURI', { cause });
  }
}
