import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from './crc32c.ts';
import { Crc64Nvme } from './crc64nvme.ts';

/** A checksum or hash in the making. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** The result in big-endian bytes; asked for once. */
  digest(): Buffer;
}

/** S3's additional checksums, by the name that `x-amz-checksum-algorithm` uses, with the size of their values in bytes. */
export const checksumSizes = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 } as const;

export type ChecksumAlgorithm = keyof typeof checksumSizes;

export const checksumAlgorithms = Object.keys(checksumSizes) as ChecksumAlgorithm[];

export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(checksumSizes, name);
}

/** `x-amz-checksum-crc32` */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** The element of XML answers: `ChecksumCRC32`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

const starts: Readonly<Record<ChecksumAlgorithm | 'MD5', () => Digest>> = {
  CRC32: () => new RunningCrc(crc32),
  CRC32C: () => new RunningCrc(crc32c),
  CRC64NVME: () => new Crc64Nvme(),
  SHA1: () => createHash('sha1'),
  SHA256: () => createHash('sha256'),
  MD5: () => createHash('md5'),
};

export function startDigest(algorithm: ChecksumAlgorithm | 'MD5'): Digest {
  return starts[algorithm]();
}

class RunningCrc implements Digest {
  readonly #next: (bytes: Uint8Array, earlier: number) => number;
  #value = 0;

  constructor(next: (bytes: Uint8Array, earlier: number) => number) {
    this.#next = next;
  }

  update(bytes: Uint8Array): void {
    this.#value = this.#next(bytes, this.#value);
  }

  digest(): Buffer {
    const result = Buffer.alloc(4);
    result.writeUInt32BE(this.#value);
    return result;
  }
}
