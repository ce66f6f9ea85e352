import { quoted } from '../answer.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectRecord } from '../store/object-file.ts';

/**
 * Judges the four conditions of a read in the order of RFC 9110, 13.2.2. Throws where the object must not be sent, and
 * says `not-modified` where it need not be.
 */
export function judgeReadConditions({ headers }: S3Request, record: ObjectRecord): 'send' | 'not-modified' {
  const ifMatch = headers.get('if-match');
  const ifNoneMatch = headers.get('if-none-match');
  const unmodifiedSince = readDate(headers.get('if-unmodified-since'));
  const modifiedSince = readDate(headers.get('if-modified-since'));
  // Dates in headers know seconds only.
  const lastModifiedMs = Math.floor(record.lastModifiedMs / 1000) * 1000;

  if (ifMatch !== undefined) {
    if (!isNamed(ifMatch, record)) throw failed('If-Match');
  } else if (unmodifiedSince !== undefined && lastModifiedMs > unmodifiedSince) {
    throw failed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) {
    // Weak or not: a cache asks whether what it has is good enough.
    const strong = ifNoneMatch.replaceAll(/(^|,)\s*W\//g, '$1');
    return isNamed(strong, record) ? 'not-modified' : 'send';
  }
  return modifiedSince !== undefined && lastModifiedMs <= modifiedSince ? 'not-modified' : 'send';
}

function isNamed(list: string, { etag }: ObjectRecord): boolean {
  return list.split(',').some((item) => ['*', etag, quoted(etag)].includes(item.trim()));
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { details: { Condition: condition } });
}

/** A date that cannot be read is ignored, as RFC 9110 asks for. */
function readDate(header: string | undefined): number | undefined {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? undefined : time;
}
