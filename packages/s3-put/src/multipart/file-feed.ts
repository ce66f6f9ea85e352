import type { LargeFile } from '../source/file.ts';
import { FileRange } from '../source/file-range.ts';
import { MOST_PARTS } from './part-feed.ts';
import type { FedPart, PartFeed } from './part-feed.ts';

/** A file in parts, each read by position. */
export class FileFeed implements PartFeed {
  readonly partBytes: number;
  readonly partCount: number;
  readonly #file: LargeFile;
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
    return { number, source: new FileRange(this.#file, start, size) };
  }

  async assertUnchanged(): Promise<void> {
    await this.#file.assertUnchanged();
  }
}
