import { createHash } from 'node:crypto';
import { newHash, POLYNOMIALS } from '../checksum/algorithm.ts';
import type { ChecksumAlgorithm } from '../checksum/algorithm.ts';
import { combineCrcs } from '../checksum/combine.ts';
import { Failure } from '../failure.ts';
import type { Part } from './upload-parts.ts';

/** S3's composite checksum: that of the parts' checksums, and how many they are. */
export function compositeChecksum(parts: readonly Part[], algorithm: ChecksumAlgorithm): string {
  const hash = newHash(algorithm);
  for (const part of parts) hash.update(checksumOf(part));
  return `${hash.digest().toString('base64')}-${parts.length}`;
}

/** The checksum of the whole, made of those of its parts; undefined for an algorithm that does not allow it. */
export function fullObjectChecksum(parts: readonly Part[], algorithm: ChecksumAlgorithm): string | undefined {
  const polynomial = POLYNOMIALS[algorithm];
  if (polynomial === undefined) return undefined;
  let crc = 0;
  for (const part of parts) crc = combineCrcs(crc, checksumOf(part).readUInt32BE(), part.bytes, polynomial);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

/** The MD5 of the parts' MD5s, which is not documented, but what S3 and its likes all do. */
export function etagOfParts(parts: readonly Part[]): string {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(Buffer.from(etag.replaceAll('"', ''), 'hex'));
  return `${md5.digest('hex')}-${parts.length}`;
}

function checksumOf({ number, checksum }: Part): Buffer {
  if (checksum !== undefined) return checksum;
  throw new Failure(`part ${number} has no checksum`, { source: 'caller', code: 'EINTEGRITY' });
}
