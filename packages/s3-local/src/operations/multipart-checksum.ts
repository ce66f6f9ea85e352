import { checksumAlgorithms, isChecksumAlgorithm, startDigest } from '../checksum/algorithm.ts';
import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import { combinedCrc } from '../checksum/combine.ts';
import type { CrcAlgorithm } from '../checksum/combine.ts';
import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { ObjectRecord, StoredChecksum } from '../store/object-file.ts';
import type { UploadRecord } from '../store/uploads.ts';

type MultipartChecksum = NonNullable<UploadRecord['checksum']>;

/** Which kinds S3 offers for objects in parts, the default first: only a CRC of the whole follows from CRCs of parts. */
const types: Readonly<Record<ChecksumAlgorithm, readonly MultipartChecksum['type'][]>> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
};

export function readMultipartChecksum(request: S3Request): MultipartChecksum | undefined {
  const algorithm = readChecksumAlgorithm(request);
  const type = request.headers.get('x-amz-checksum-type')?.toUpperCase();
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error('InvalidRequest', {
      message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    });
  }
  if (type !== undefined && type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw new S3Error('InvalidRequest', { message: 'Value for x-amz-checksum-type header is invalid.' });
  }
  const [usual = 'FULL_OBJECT'] = types[algorithm];
  const chosen = type === undefined ? usual : types[algorithm].find((offered) => offered === type);
  if (chosen) return { algorithm, type: chosen };
  throw new S3Error('InvalidRequest', {
    message: `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  });
}

export function readChecksumAlgorithm({ headers }: S3Request): ChecksumAlgorithm | undefined {
  const algorithm = headers.get('x-amz-checksum-algorithm')?.toUpperCase();
  if (algorithm === undefined || isChecksumAlgorithm(algorithm)) return algorithm;
  throw new S3Error('InvalidRequest', {
    message: `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${checksumAlgorithms.join(', ')}]`,
  });
}

/** What the object's checksum is, from those of its parts alone. */
export function joinedChecksum(
  { algorithm, type }: MultipartChecksum,
  parts: readonly ObjectRecord[],
): StoredChecksum {
  const values = parts.map(({ checksum }) => Buffer.from(checksum?.value ?? '', 'base64'));
  if (type === 'COMPOSITE') return { algorithm, type, value: compositeChecksum(algorithm, values) };
  const stretches = parts.map(({ bytes }, index) => ({ bytes, crc: values[index] ?? Buffer.alloc(0) }));
  return { algorithm, type, value: combinedCrc(algorithm as CrcAlgorithm, stretches).toString('base64') };
}

/** The checksum of the parts' checksums, and their number behind it. */
function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly Buffer[]): string {
  const digest = startDigest(algorithm);
  for (const part of parts) digest.update(part);
  return `${digest.digest().toString('base64')}-${parts.length}`;
}
