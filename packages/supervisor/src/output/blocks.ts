import type { Origin } from './lines.ts';
import type { Share } from './share.ts';

/** A piece of memory that a sink fills and writes out again and again: at full rate nothing is left to collect. */
export interface Block {
  readonly bytes: Buffer;
  /** What is before it is written already. */
  start: number;
  end: number;
  /** To whom the bytes belong, in order. */
  marks: Mark[];
}

export interface Mark {
  readonly share: Share;
  readonly origin: Origin;
  readonly bytes: number;
  /** The last of its lines goes on in the next mark of the same origin. */
  readonly continues: boolean;
}

/** The blocks that wait for one sink. */
export class Blocks {
  #waiting: Block[] = [];

  /** A block with room for so many bytes after its `end`, in one piece. */
  room(size: number): Block {
    const last = this.#waiting.at(-1);
    if (last && last.bytes.length - last.end >= size) return last;
    const block = takeBlock(size);
    this.#waiting.push(block);
    return block;
  }

  get last(): Block | undefined {
    return this.#waiting.at(-1);
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Those that `room` has begun since there were `count`. */
  since(count: number): readonly Block[] {
    return this.#waiting.slice(count);
  }

  take(count: number): Block[] {
    return this.#waiting.splice(0, count);
  }
}

/** The block may be filled anew, by any sink. */
export function giveBack(block: Block): void {
  if (block.bytes.length !== BLOCK_BYTES || free.length >= MAX_FREE) return;
  free.push({ bytes: block.bytes, start: 0, end: 0, marks: [] });
}

function takeBlock(size: number): Block {
  const reused = size <= BLOCK_BYTES ? free.pop() : undefined;
  if (reused) return reused;
  return { bytes: Buffer.allocUnsafeSlow(Math.max(size, BLOCK_BYTES)), start: 0, end: 0, marks: [] };
}

// The largest piece that is read at once.
const BLOCK_BYTES = 128 * 1024;
const MAX_FREE = 8;
const free: Block[] = [];
