import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { combineCrcs } from '../src/checksum/combine.ts';
import { crc32c } from '../src/checksum/crc32c.ts';
import { someBytes } from './support/uploads.ts';

// Not part of the package's API, but wrong answers for objects over 4 GiB would show nowhere else.

const CRC32 = 0xedb88320;
const CRC32C = 0x82f63b78;

test.each([
  ['CRC32', CRC32, (bytes: Uint8Array) => crc32(bytes)],
  ['CRC32C', CRC32C, (bytes: Uint8Array) => crc32c(bytes)],
])('The %s of the whole follows from those of its halves, wherever it is cut', (_, polynomial, crcOf) => {
  const whole = someBytes(70_001);
  for (const cut of [0, 1, 2, 3, 7, 8, 255, 256, 4095, 4096, 65_535, 65_536, 65_537, 70_000, 70_001]) {
    const [first, second] = [whole.subarray(0, cut), whole.subarray(cut)];
    expect(combineCrcs(crcOf(first), crcOf(second), second.length, polynomial)).toBe(crcOf(whole));
  }
});

/** As zlib does it since 1.2.12: multiplied by x^(8n) modulo the polynomial. Another way to the same thing. */
function combinedByPowers(first: number, second: number, secondBytes: bigint, polynomial: number): number {
  const multiplied = (a: number, b: number): number => {
    let product = 0;
    for (let bit = 31; bit >= 0; bit -= 1) {
      if ((a >>> bit) & 1) product ^= b;
      b = b & 1 ? (b >>> 1) ^ polynomial : b >>> 1;
    }
    return product;
  };
  let power = 0x80000000 | 0; // x^0
  let square = 0x00800000; // x^8
  for (let left = secondBytes; left > 0n; left >>= 1n) {
    if (left & 1n) power = multiplied(square, power);
    square = multiplied(square, square);
  }
  return (multiplied(power, first) ^ second) >>> 0;
}

test.each([
  0,
  1,
  8_388_608,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  5 * 2 ** 30,
  2 ** 40 + 12_345,
  5 * 2 ** 40,
  Number.MAX_SAFE_INTEGER,
])('A second piece of %i bytes counts as what it is', (bytes) => {
  for (const polynomial of [CRC32, CRC32C]) {
    for (const [first, second] of [
      [0, 0],
      [1, 0],
      [0xffffffff, 0x12345678],
      [0xcbf43926, 0xffffffff],
    ] as const) {
      const expected = combinedByPowers(first, second, BigInt(bytes), polynomial);
      expect(combineCrcs(first, second, bytes, polynomial)).toBe(expected);
    }
  }
});
