import type { ChecksumAlgorithm } from './algorithm.ts';

/** The header under which S3 takes a checksum, refuses a body that has another one, and returns what it stored. */
export const checksumHeader = (algorithm: ChecksumAlgorithm): string =>
  `x-amz-checksum-${algorithm.toLowerCase()}`;

/** Its name in S3's documents. */
export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm}`;

/** `x-amz-checksum-crc32` and its siblings, but neither `x-amz-checksum-algorithm` nor `x-amz-checksum-type`. */
const CHECKSUM_HEADER = /^x-amz-checksum-(?!algorithm$|type$|mode$)/;

/** The checksum of the whole that is among the headers: S3 takes one only, and it cannot be given for parts. */
export const checksumAmong = (headers: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(headers).find((name) => CHECKSUM_HEADER.test(name));
