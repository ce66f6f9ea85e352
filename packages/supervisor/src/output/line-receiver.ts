import type { OutputEvent } from '../events.ts';
import type { Block, Mark } from './blocks.ts';
import { decodeLines, LINE_FEED } from './lines.ts';
import type { Destination } from './sink-queue.ts';

/** Whoever wants lines one by one, as text: a function or a logger. */
export class LineReceiver implements Destination {
  readonly name: string;
  readonly maxBlocks = 1;
  readonly #onLine: (event: OutputEvent) => unknown;
  readonly #onError: (error: unknown) => void;
  #isFailing = false;
  #isClosed = false;

  constructor(name: string, onLine: (event: OutputEvent) => unknown, onError: (error: unknown) => void) {
    this.name = name;
    this.#onLine = onLine;
    this.#onError = onError;
  }

  async deliver([block]: readonly Block[], onProgress: () => void): Promise<number> {
    if (!block) return 0;
    for (const mark of block.marks) await this.#pass(mark, block, onProgress);
    return 1;
  }

  /** What is left is counted as lost by now, so it must not be given all the same. */
  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #pass(mark: Mark, block: Block, onProgress: () => void): Promise<void> {
    const { origin, continues } = mark;
    const { child, pid, stream } = origin;
    const end = block.start + mark.bytes;
    for (const line of decodeLines({ bytes: block.bytes.subarray(block.start, end), continues })) {
      if (this.#isClosed) return;
      // It is gone with the call, whatever becomes of its promise.
      block.start = lineEnd(block.bytes, block.start, end);
      try {
        const result = this.#onLine({ child, pid, stream, line, ...(continues && { continues }) });
        // One line after the other; those that are taken at once need no turn of the loop.
        if (isThenable(result)) await result;
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

function lineEnd(bytes: Buffer, start: number, end: number): number {
  const feed = bytes.indexOf(LINE_FEED, start);
  return feed === -1 ? end : Math.min(feed + 1, end);
}

/** Not every promise is one of this realm, or of JavaScript itself. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
