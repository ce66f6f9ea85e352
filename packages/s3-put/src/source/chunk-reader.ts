import { untilAborted } from '../deadline.ts';
import { Failure } from '../failure.ts';
import type { StopSignal } from '../stop-signal.ts';

/** A Readable, a ReadableStream, or anything else that gives bytes by `for await`. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Reads a stream into buffers of any size. */
export class ChunkReader {
  readonly #stream: ByteStream;
  readonly #idleTimeoutMs: number;
  #chunks: Chunks | undefined;
  #rest: Uint8Array = new Uint8Array();
  #isOver = false;

  constructor(stream: ByteStream, idleTimeoutMs: number) {
    this.#stream = stream;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /**
   * Fills the space from the stream. Returns how far: less only where the stream ends.
   * @throws {Failure} ESTREAM, EIDLETIMEOUT, or the reason of `signal`
   */
  async fill(space: Uint8Array, signal: StopSignal): Promise<number> {
    let filled = 0;
    while (filled < space.byteLength) {
      if (this.#rest.byteLength === 0 && !(await this.#advance(signal))) break;
      const taken = this.#rest.subarray(0, space.byteLength - filled);
      space.set(taken, filled);
      filled += taken.byteLength;
      this.#rest = this.#rest.subarray(taken.byteLength);
    }
    return filled;
  }

  /** Ends a stream that is not read to its end: what feeds it has to be let go. Does not wait for a generator that hangs. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Of a stream that was never begun this only fails when it is somebody else's.
    void (async () => await (this.#chunks ?? chunksOf(this.#stream)).end())().catch(() => undefined);
  }

  /** False at the end. */
  async #advance(signal: StopSignal): Promise<boolean> {
    if (this.#isOver) return false;
    const { done, value } = await this.#next(signal);
    if (done) {
      this.#isOver = true;
      return false;
    }
    if (!(value instanceof Uint8Array))
      throw new Failure(`the stream gave ${typeof value} where bytes were expected`, {
        source: 'caller',
        code: 'ESTREAM',
      });
    this.#rest = value;
    return true;
  }

  async #next(signal: StopSignal): Promise<IteratorResult<Uint8Array, unknown>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `the stream gave nothing for ${this.#idleTimeoutMs} ms`;
        reject(new Failure(message, { source: 'caller', code: 'EIDLETIMEOUT', retryable: true }));
      }, this.#idleTimeoutMs);
    });
    const next = this.#ask().catch((cause: unknown) => {
      // It ends by itself; but of a stream that could not even be begun nothing is ours to end.
      this.#isOver = true;
      throw new Failure(`the stream failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
        source: 'caller',
        code: 'ESTREAM',
        cause,
      });
    });
    try {
      return await untilAborted(signal, Promise.race([next, late]));
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(): Promise<IteratorResult<Uint8Array, unknown>> {
    this.#chunks ??= chunksOf(this.#stream);
    return await this.#chunks.next();
  }
}

interface Chunks {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  end(): unknown;
}

function chunksOf(stream: ByteStream): Chunks {
  const { getReader, destroy } = stream as { getReader?: unknown; destroy?: unknown };
  if (typeof getReader === 'function') {
    // The iterator of a ReadableStream would wait with its end for a chunk that may never come.
    const reader = (stream as unknown as ReadableStream<Uint8Array>).getReader();
    return {
      next: async () => await reader.read(),
      end: () => reader.cancel(),
    };
  }
  const iterator = stream[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    end: () => (typeof destroy === 'function' ? destroy.call(stream) : iterator.return?.()),
  };
}
