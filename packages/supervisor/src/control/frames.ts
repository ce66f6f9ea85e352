/**
 * Both directions of a control connection are lines of JSON: each frame is one object and ends in a line feed.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A frame has begun and not ended. */
  get isPartial(): boolean {
    return this.#length > 0;
  }

  /** The frames that this chunk completes. Throws a RangeError at a frame that is too long, and is of no use afterwards. */
  *read(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#add(chunk.subarray(start, end));
      const frame = Buffer.concat(this.#parts).toString('utf8');
      this.#parts = [];
      this.#length = 0;
      start = end + 1;
      yield frame;
    }
    // A copy: the rest of the chunk need not wait with the few bytes that are left of it.
    if (start < chunk.length) this.#add(Buffer.from(chunk.subarray(start)));
  }

  #add(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) throw new RangeError(`a frame longer than ${this.#maxBytes} bytes`);
    this.#parts.push(part);
  }
}

const LINE_FEED = 10;

export function toFrame(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
