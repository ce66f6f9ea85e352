/** The beginning of a line whose end has not come yet. It grows by doubling, so that a line that comes byte by byte costs little. */
export class PartialLine {
  #bytes: Buffer;
  #length: number;

  constructor(start: Buffer) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(start.length, SMALLEST_BYTES));
    this.#length = start.copy(this.#bytes);
  }

  get length(): number {
    return this.#length;
  }

  add(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** A view, not a copy. */
  whole(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

const SMALLEST_BYTES = 128;
