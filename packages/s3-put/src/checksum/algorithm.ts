import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from './crc32c.ts';

/** The checksums that S3 verifies and stores, by S3's own names. */
export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'SHA256';

/** MD5 is no checksum of an object, but that of `Content-MD5` and of most ETags. */
export type HashName = ChecksumAlgorithm | 'MD5';

/** A hash in the making. */
export interface Hash {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

export function newHash(name: HashName): Hash {
  if (name === 'CRC32') return new CyclicHash(crc32);
  if (name === 'CRC32C') return new CyclicHash(crc32c);
  return createHash(name.toLowerCase());
}

class CyclicHash implements Hash {
  readonly #crc: (bytes: Uint8Array, earlier: number) => number;
  #value = 0;

  constructor(crc: (bytes: Uint8Array, earlier: number) => number) {
    this.#crc = crc;
  }

  update(bytes: Uint8Array): void {
    this.#value = this.#crc(bytes, this.#value);
  }

  /** Big-endian, as S3 has it. */
  digest(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.#value);
    return bytes;
  }
}

/** The polynomials, reflected, of those algorithms whose checksum of a whole follows from those of its parts. */
export const POLYNOMIALS: Partial<Record<ChecksumAlgorithm, number>> = {
  CRC32: 0xed_b8_83_20,
  CRC32C: 0x82_f6_3b_78,
};
