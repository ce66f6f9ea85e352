import type { OutputEvent } from '../events.ts';
import type { Block, Mark } from './blocks.ts';
import { decodeLines } from './lines.ts';
import type { Destination } from './sink-queue.ts';

/** Whoever wants lines one by one, as text: a function or a logger. */
export class LineReceiver implements Destination {
  readonly name: string;
  readonly maxBlocks = 1;
  readonly #onLine: (event: OutputEvent) => unknown;
  readonly #onError: (error: unknown) => void;
  #isFailing = false;

  constructor(name: string, onLine: (event: OutputEvent) => unknown, onError: (error: unknown) => void) {
    this.name = name;
    this.#onLine = onLine;
    this.#onError = onError;
  }

  async deliver([block]: readonly Block[], onProgress: () => void): Promise<number> {
    if (!block) return 0;
    for (const mark of block.marks) {
      await this.#pass(mark, block.bytes.subarray(block.start, block.start + mark.bytes), onProgress);
      block.start += mark.bytes;
    }
    return 1;
  }

  async close(): Promise<void> {}

  async #pass({ origin, continues }: Mark, bytes: Buffer, onProgress: () => void): Promise<void> {
    const { child, pid, stream } = origin;
    for (const line of decodeLines({ bytes, continues })) {
      try {
        const result = this.#onLine({ child, pid, stream, line, ...(continues && { continues }) });
        // One line after the other; those that are taken at once need no turn of the loop.
        if (result instanceof Promise) await result;
        this.#isFailing = false;
      } catch (error) {
        // A line that somebody could not take is not given twice; failures in a row are reported once.
        if (!this.#isFailing) this.#onError(error);
        this.#isFailing = true;
      }
      onProgress();
    }
  }
}
