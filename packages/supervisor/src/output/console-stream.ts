import type { Block } from './blocks.ts';
import type { Stream } from './lines.ts';
import type { Destination } from './sink-queue.ts';

/** One of our own standard streams. */
export class ConsoleStream implements Destination {
  readonly name: string;
  // A slow reader is to be seen as slow, not as one who takes nothing.
  readonly maxBlocks = 1;
  readonly #stream: NodeJS.WriteStream;

  constructor(name: Stream) {
    this.name = name;
    this.#stream = process[name];
    this.#stream.on('error', onError);
  }

  async deliver(blocks: readonly Block[], onProgress: () => void): Promise<number> {
    for (const block of blocks) {
      const bytes = block.bytes.subarray(block.start, block.end);
      unread.add(this.#stream);
      await new Promise<void>((resolve, reject) => {
        this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      unread.delete(this.#stream);
      block.start = block.end;
      onProgress();
    }
    return blocks.length;
  }

  async close(): Promise<void> {
    // The error of a write is an event too, that comes after its callback.
    await new Promise((resolve) => setImmediate(resolve));
    this.#stream.off('error', onError);
  }
}

/** The callback of the write has the same error; without a listener it would end the supervisor. */
function onError(): void {}

/** Those that have not taken yet what they were last given. */
const unread = new Set<NodeJS.WriteStream>();

/**
 * Waits until what we have printed is with whoever reads it, but not for somebody who does not read: a stream that has just let a
 * whole limit go by gets no second one, since whoever stops us counts the seconds too.
 */
export async function flushConsole(): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const isUp = new Promise<void>((resolve) => (limit = setTimeout(resolve, FLUSH_LIMIT_MS)));
  const flushed = [process.stdout, process.stderr]
    .filter((stream) => !unread.has(stream))
    .map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve())));
  await Promise.race([Promise.all(flushed), isUp]);
  clearTimeout(limit);
}

const FLUSH_LIMIT_MS = 5_000;
