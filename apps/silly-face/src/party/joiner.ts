import { Encoded } from './encoded.ts';

/** The bytes of several frames as one buffer. The members of a room get the same frames one after the other: the last is kept. */
export class Joiner {
  readonly #bytesOf: (frame: Encoded) => Buffer;
  #frames: readonly Encoded[] = [];
  #bytes = Buffer.alloc(0);

  constructor(bytesOf: (frame: Encoded) => Buffer) {
    this.#bytesOf = bytesOf;
  }

  join(frames: Encoded | readonly Encoded[]): Buffer {
    if (frames instanceof Encoded) return this.#bytesOf(frames);
    if (!isSame(frames, this.#frames)) {
      this.#bytes = Buffer.concat(frames.map(this.#bytesOf));
      this.#frames = frames;
    }
    return this.#bytes;
  }
}

function isSame(some: readonly Encoded[], others: readonly Encoded[]): boolean {
  return some.length === others.length && some.every((frame, index) => frame === others[index]);
}
