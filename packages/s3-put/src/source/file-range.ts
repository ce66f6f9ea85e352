import type { ThreadHashes } from '../checksum/hash-threads.ts';
import type { LargeFile } from './file.ts';
import type { Memory } from './memory.ts';
import type { Source } from './source.ts';

/** A part of a file, as a whole of its own. */
export class FileRange implements Source {
  readonly size: number;
  readonly #file: LargeFile;
  readonly #start: number;
  readonly #memory: Memory;

  constructor(file: LargeFile, start: number, size: number, memory: Memory) {
    this.size = size;
    this.#file = file;
    this.#start = start;
    this.#memory = memory;
  }

  pieces(): AsyncGenerator<Uint8Array, void, void> {
    return this.#file.pieces(this.#start, this.size, this.#memory);
  }

  async hashStretch(
    hashes: ThreadHashes,
    stretch: { position: number; length: number; isLast: boolean },
  ): Promise<readonly Uint8Array[] | undefined> {
    return await this.#file.hashStretch(hashes, { ...stretch, position: this.#start + stretch.position });
  }

  async assertUnchanged(): Promise<void> {
    await this.#file.assertUnchanged();
  }

  /** The file goes on. */
  async close(): Promise<void> {}
}
