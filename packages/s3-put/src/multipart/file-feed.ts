import type { Settings } from '../options.ts';
import type { LargeFile } from '../source/file.ts';
import { FileRange } from '../source/file-range.ts';
import { Memory, PART_PIECE_BYTES } from '../source/memory.ts';
import { MOST_PARTS } from './part-feed.ts';
import type { FedPart, PartFeed } from './part-feed.ts';

/** A file in parts, each read by position. */
export class FileFeed implements PartFeed {
  readonly partBytes: number;
  readonly partCount: number;
  readonly #file: LargeFile;
  readonly #memory = new Memory(PART_PIECE_BYTES, Infinity);
  #lastNumber = 0;

  constructor(file: LargeFile, leastPartBytes: number) {
    this.partBytes = Math.max(leastPartBytes, Math.ceil(file.size / MOST_PARTS));
    this.partCount = Math.ceil(file.size / this.partBytes);
    this.#file = file;
  }

  async next(): Promise<FedPart | undefined> {
    if (this.#lastNumber >= this.partCount) return undefined;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const start = (number - 1) * this.partBytes;
    const size = Math.min(this.partBytes, this.#file.size - start);
    return { number, source: new FileRange(this.#file, start, size, this.#memory) };
  }

  async assertUnchanged(): Promise<void> {
    await this.#file.assertUnchanged();
  }
}

/**
 * A 64th of a large file: each part costs a round trip and a request's CPU, but one that has to go again should be little of the
 * whole.
 */
export function partBytesFor(
  { size }: LargeFile,
  { partBytes, mostPartBytes }: Pick<Settings, 'partBytes' | 'mostPartBytes'>,
): number {
  const share = Math.ceil(size / 64 / MiB) * MiB;
  return Math.min(Math.max(partBytes, share), mostPartBytes);
}

const MiB = 1024 * 1024;
