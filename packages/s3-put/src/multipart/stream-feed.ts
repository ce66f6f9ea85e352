import { Failure } from '../failure.ts';
import { BytesSource } from '../source/bytes.ts';
import type { ChunkReader } from '../source/chunk-reader.ts';
import type { Memory } from '../source/memory.ts';
import type { StopSignal } from '../stop-signal.ts';
import { MOST_PARTS } from './part-feed.ts';
import type { FedPart, PartFeed } from './part-feed.ts';

/** A stream in parts, as they fill. */
export class StreamFeed implements PartFeed {
  readonly partBytes: number;
  readonly partCount = undefined;
  readonly #reader: ChunkReader;
  readonly #memory: Memory;
  #first: StreamPart | undefined;
  #lastNumber = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** `first` was read before it was known that there would be parts. */
  constructor(reader: ChunkReader, first: StreamPart, memory: Memory) {
    this.#reader = reader;
    this.#first = first;
    this.#memory = memory;
    this.partBytes = first.size;
  }

  async next(signal: StopSignal): Promise<FedPart | undefined> {
    const filled = this.#turn.then(() => this.#fill(signal));
    this.#turn = filled.catch(() => undefined);
    return await filled;
  }

  async assertUnchanged(): Promise<void> {}

  async #fill(signal: StopSignal): Promise<FedPart | undefined> {
    const source = this.#first ?? (await readStreamPart(this.#reader, this.#memory, signal));
    const isFirst = this.#first !== undefined;
    this.#first = undefined;
    if (source.size === 0 && !isFirst) return undefined;
    if (this.#lastNumber === MOST_PARTS) throw tooLong(this.partBytes);
    this.#lastNumber += 1;
    return { number: this.#lastNumber, source };
  }
}

/** What was read of a stream, in a buffer that is used again. */
export class StreamPart extends BytesSource {
  readonly #space: Buffer;
  readonly #memory: Memory;

  constructor(space: Buffer, size: number, memory: Memory) {
    super(space.subarray(0, size));
    this.#space = space;
    this.#memory = memory;
  }

  override async close(isStored: boolean): Promise<void> {
    if (isStored) this.#memory.giveBack(this.#space);
  }
}

export async function readStreamPart(
  reader: ChunkReader,
  memory: Memory,
  signal: StopSignal,
): Promise<StreamPart> {
  const space = memory.take();
  return new StreamPart(space, await reader.fill(space, signal), memory);
}

const tooLong = (partBytes: number): Failure =>
  new Failure(
    `the stream has more than ${MOST_PARTS} parts of ${partBytes} bytes, which is all that S3 takes: set a larger \`partBytes\``,
    { source: 'caller', code: 'ESTREAM' },
  );
