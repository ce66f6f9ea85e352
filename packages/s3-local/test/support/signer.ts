import { createHash, createHmac } from 'node:crypto';
import { credentials as usual } from './server.ts';

// A second, independent implementation of Signature Version 4: what the SDK never sends has to be signed, too.

export interface ToSign {
  readonly method: string;
  /** Percent-encoded, with its query if it has one; both are taken as canonical already. */
  readonly path: string;
  readonly host: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payloadHash?: string;
  readonly date?: Date;
  readonly region?: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string };
}

export interface Signed {
  readonly headers: Record<string, string>;
  readonly signature: string;
  readonly timestamp: string;
  readonly scope: string;
  readonly key: Buffer;
}

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

export function signedHeaders(request: ToSign): Signed {
  const {
    date = new Date(),
    region = 'us-east-1',
    credentials = usual,
    payloadHash = 'UNSIGNED-PAYLOAD',
  } = request;
  const { timestamp, scope } = stamp(date, region);
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': timestamp,
  };
  const names = Object.keys(headers).toSorted();
  const [path = '', query = ''] = request.path.split('?');
  const canonical = [
    request.method,
    path,
    query.split('&').toSorted().join('&'),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n');
  const key = signingKey(credentials.secretAccessKey, scope);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`).toString(
    'hex',
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { headers: { ...headers, authorization }, signature, timestamp, scope, key };
}

/** The path with a presigned query. */
export function presignedPath(request: ToSign & { expiresSeconds?: number }): string {
  const { date = new Date(), region = 'us-east-1', credentials = usual, expiresSeconds = 60 } = request;
  const { timestamp, scope } = stamp(date, region);
  const headers: Record<string, string> = { ...request.headers, host: request.host };
  const names = Object.keys(headers).toSorted();
  const [path = '', given = ''] = request.path.split('?');
  const query = [
    ...given.split('&').filter(Boolean),
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${credentials.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${timestamp}`,
    `X-Amz-Expires=${expiresSeconds}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(names.join(';'))}`,
  ]
    .toSorted()
    .join('&');
  const canonical = [
    request.method,
    path,
    query,
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const key = signingKey(credentials.secretAccessKey, scope);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`).toString(
    'hex',
  );
  return `${path}?${query}&X-Amz-Signature=${signature}`;
}

/** Frames a body as `STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]`. */
export function signedChunks(
  seed: Signed,
  chunks: readonly Buffer[],
  trailers: Readonly<Record<string, string>> = {},
): Buffer {
  const out: Buffer[] = [];
  let previous = seed.signature;
  const next = (kind: string, ...hashes: string[]): string => {
    const text = [kind, seed.timestamp, seed.scope, previous, ...hashes].join('\n');
    previous = hmac(seed.key, text).toString('hex');
    return previous;
  };
  for (const chunk of [...chunks, Buffer.alloc(0)]) {
    const signature = next('AWS4-HMAC-SHA256-PAYLOAD', sha256(''), sha256(chunk));
    out.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`), chunk);
    if (chunk.length > 0) out.push(Buffer.from('\r\n'));
  }
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`);
  if (lines.length > 0) {
    const signature = next('AWS4-HMAC-SHA256-TRAILER', sha256(lines.map((line) => `${line}\n`).join('')));
    out.push(Buffer.from([...lines, `x-amz-trailer-signature:${signature}`, ''].join('\r\n')));
  }
  return Buffer.concat([...out, Buffer.from('\r\n')]);
}

function stamp(date: Date, region: string): { timestamp: string; scope: string } {
  const timestamp = date.toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  return { timestamp, scope: `${timestamp.slice(0, 8)}/${region}/s3/aws4_request` };
}

function signingKey(secret: string, scope: string): Buffer {
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of scope.split('/')) key = hmac(key, part);
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
