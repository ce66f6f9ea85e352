import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectRecord, StoredChecksum } from '../store/object-file.ts';
import type { ByteRange } from './byte-range.ts';
import { readPartNumber } from './upload-part.ts';

interface ObjectPart extends ByteRange {
  readonly checksum?: StoredChecksum;
}

/** `?partNumber=`: the n-th of the parts that an object came in. One that came in one piece has a first one. */
export function readPart(request: S3Request, record: ObjectRecord): ObjectPart | undefined {
  if (parameter(request, 'partNumber') === undefined) return undefined;
  if (request.headers.has('range')) {
    throw new S3Error('InvalidRequest', {
      message: 'Cannot specify both Range header and partNumber query parameter',
    });
  }
  const number = readPartNumber(request);
  const { checksum } = record;
  const parts = record.parts ?? [{ bytes: record.bytes }];
  const part = parts[number - 1];
  if (!part) {
    throw new S3Error('InvalidPartNumber', {
      details: { PartNumberRequested: String(number), ActualPartCount: String(parts.length) },
    });
  }
  const start = parts.slice(0, number - 1).reduce((sum, { bytes }) => sum + bytes, 0);
  const range = { start, end: start + part.bytes };
  if (!checksum) return range;
  // Where the object's checksum is one of all bytes, S3 says nothing about a part, unless it is all there is.
  if (checksum.type === 'FULL_OBJECT') return parts.length === 1 ? { ...range, checksum } : range;
  const value = 'checksum' in part ? part.checksum : undefined;
  return value === undefined ? range : { ...range, checksum: { ...checksum, value } };
}
