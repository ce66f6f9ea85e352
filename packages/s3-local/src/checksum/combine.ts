// The CRC of two stretches of bytes follows from the CRC of each and the second one's length: appending n zero bits is
// multiplying by x^n, modulo the polynomial. Values and polynomials are reflected: their highest bit belongs to x^0.

const polynomials = {
  CRC32: 0xedb8_8320n,
  CRC32C: 0x82f6_3b78n,
  CRC64NVME: 0x9a6c_9329_ac4b_c9b5n,
} as const;

export type CrcAlgorithm = keyof typeof polynomials;

export interface CrcOfBytes {
  /** Big-endian. */
  readonly crc: Buffer;
  readonly bytes: number;
}

/** The CRC of all stretches, one after the other. */
export function combinedCrc(algorithm: CrcAlgorithm, stretches: readonly CrcOfBytes[]): Buffer {
  const polynomial = polynomials[algorithm];
  const width = algorithm === 'CRC64NVME' ? 64n : 32n;
  const one = 1n << (width - 1n);

  function product(a: bigint, b: bigint): bigint {
    let [sum, shifted] = [0n, b];
    for (let bit = one; bit > 0n; bit >>= 1n) {
      if (a & bit) sum ^= shifted;
      shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
    }
    return sum;
  }

  /** x^exponent */
  function power(exponent: bigint): bigint {
    let [result, square] = [one, one >> 1n];
    for (let left = exponent; left > 0n; left >>= 1n) {
      if (left & 1n) result = product(result, square);
      square = product(square, square);
    }
    return result;
  }

  // Nearly all parts of an upload are of one size.
  const powers = new Map<number, bigint>();
  let total = 0n;
  for (const { crc, bytes } of stretches) {
    const shift = powers.get(bytes) ?? power(BigInt(bytes) * 8n);
    powers.set(bytes, shift);
    total = product(shift, total) ^ BigInt(`0x${crc.toString('hex')}`);
  }
  return Buffer.from(total.toString(16).padStart(Number(width) / 4, '0'), 'hex');
}
