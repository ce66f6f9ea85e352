import type { ThreadHashes } from '../checksum/hash-threads.ts';
import { PIECE_BYTES } from './memory.ts';
import type { Source } from './source.ts';

/** Bytes in memory. They are not copied: changing them during the put makes S3 refuse them. */
export class BytesSource implements Source {
  readonly size: number;
  readonly content: Uint8Array;

  constructor(content: Uint8Array) {
    this.size = content.byteLength;
    this.content = content;
  }

  async *pieces(): AsyncGenerator<Uint8Array, void, void> {
    yield this.content.subarray(0, PIECE_BYTES);
    for (let position = PIECE_BYTES; position < this.size; position += PIECE_BYTES) {
      yield this.content.subarray(position, position + PIECE_BYTES);
    }
  }

  async hashStretch(
    hashes: ThreadHashes,
    { position, length, isLast }: { position: number; length: number; isLast: boolean },
  ): Promise<readonly Uint8Array[] | undefined> {
    const { digests } = await hashes.take(this.content.subarray(position, position + length), isLast);
    return digests;
  }

  async assertUnchanged(): Promise<void> {}

  async close(_isStored: boolean): Promise<void> {}
}
