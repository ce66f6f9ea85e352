// NVMe's polynomial, reflected, in two halves: JavaScript's bit operations know 32 bits.
const high = new Uint32Array(256);
const low = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c_9329_ac4b_c9b5n : value >> 1n;
  high[byte] = Number(value >> 32n);
  low[byte] = Number(value & 0xffff_ffffn);
}

/** A running CRC64NVME. */
export class Crc64Nvme {
  #high = 0xff_ff_ff_ff;
  #low = 0xff_ff_ff_ff;

  update(bytes: Uint8Array): void {
    let [crcHigh, crcLow] = [this.#high, this.#low];
    for (const byte of bytes) {
      const index = (crcLow ^ byte) & 0xff;
      crcLow = ((crcLow >>> 8) | (crcHigh << 24)) ^ (low[index] ?? 0);
      crcHigh = (crcHigh >>> 8) ^ (high[index] ?? 0);
    }
    this.#high = crcHigh >>> 0;
    this.#low = crcLow >>> 0;
  }

  digest(): Buffer {
    const result = Buffer.alloc(8);
    result.writeUInt32BE(~this.#high >>> 0, 0);
    result.writeUInt32BE(~this.#low >>> 0, 4);
    return result;
  }
}
