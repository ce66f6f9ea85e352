import { createHmac, hash } from 'node:crypto';
import { escaped } from '../escaped.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** What is signed of a request. */
export interface ToSign {
  method: string;
  /** Escaped. */
  path: string;
  query: Readonly<Record<string, string>>;
  /** All that go out, in lower case. */
  headers: Readonly<Record<string, string>>;
}

/**
 * Signature Version 4, for S3 in one region, with the payload that the headers name. A general signer takes several times as
 * long, which would be a sixth of all that a small file costs.
 */
export class Signer {
  readonly #region: string;
  /** Good for a day and a secret. */
  #key: { of: string; bytes: Buffer } | undefined;

  constructor(region: string) {
    this.#region = region;
  }

  /** The value of `authorization`. @param time as in `x-amz-date` */
  authorization(
    { method, path, query, headers }: ToSign,
    signedNames: readonly string[],
    time: string,
    { accessKeyId, secretAccessKey }: Credentials,
  ): string {
    let canonicalHeaders = '';
    for (const name of signedNames) canonicalHeaders += `${name}:${trimmed(headers[name] ?? '')}\n`;
    const names = signedNames.join(';');
    const payload = headers['x-amz-content-sha256'] ?? UNSIGNED;
    const request = `${method}\n${path}\n${canonicalQuery(query)}\n${canonicalHeaders}\n${names}\n${payload}`;
    const day = time.slice(0, 8);
    const scope = `${day}/${this.#region}/s3/aws4_request`;
    const signature = createHmac('sha256', this.#keyFor(day, secretAccessKey))
      .update(`${ALGORITHM}\n${time}\n${scope}\n${hash('sha256', request)}`)
      .digest('hex');
    return `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  }

  #keyFor(day: string, secret: string): Buffer {
    const of = `${day} ${secret}`;
    if (this.#key?.of === of) return this.#key.bytes;
    let bytes: Buffer = Buffer.from(`AWS4${secret}`);
    for (const step of [day, this.#region, 's3', 'aws4_request'])
      bytes = createHmac('sha256', bytes).update(step).digest();
    this.#key = { of, bytes };
    return bytes;
  }
}

/** As in `x-amz-date`: 20261126T142418Z. */
export function timeOf(date: Date): string {
  const [day = '', time = ''] = date.toISOString().split('T');
  return `${day.replaceAll('-', '')}T${time.slice(0, 8).replaceAll(':', '')}Z`;
}

export const UNSIGNED = 'UNSIGNED-PAYLOAD';

const ALGORITHM = 'AWS4-HMAC-SHA256';

const trimmed = (value: string): string =>
  ODD_SPACE.test(value) ? value.trim().replaceAll(/\s+/g, ' ') : value;

const ODD_SPACE = /^\s|\s\s|\s$|[^\S ]/;

function canonicalQuery(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return pairs.toSorted().join('&');
}
