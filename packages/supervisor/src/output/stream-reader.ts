import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Reads the pipe of a child. */
export interface StreamReader {
  /** Resolves when the stream has ended, or was destroyed. */
  readonly ended: Promise<void>;
  pause(): void;
  resume(): void;
  destroy(): void;
}

/**
 * Gives every chunk to `onChunk`, which has it only for the time of the call: all pipes are read into the same piece of memory. A
 * stream of Node.js makes a buffer for each of up to 64 KiB, and at full rate twice the memory of the process is waiting to be
 * collected.
 */
export function readStream(stream: Readable, onChunk: (chunk: Buffer) => void): StreamReader {
  const handle = process.platform === 'win32' ? undefined : takeHandle(stream);
  // Windows fills a buffer while we do other things.
  if (!handle) {
    stream.on('data', onChunk);
    return control(stream);
  }
  let isPaused = false;
  const options = {
    handle,
    onread: {
      buffer: sharedBuffer.subarray(MARGIN_BYTES),
      callback: (length: number) => {
        onChunk(sharedBuffer.subarray(MARGIN_BYTES, MARGIN_BYTES + length));
        return !isPaused;
      },
    },
  };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  const reader = control(socket);
  return {
    ...reader,
    // In the middle of a chunk or not, at most one more comes. The ways of a stream would do much more, a thousand times a second.
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      if (!socket.destroyed) socket._read(0);
    },
  };
}

/**
 * The chunk with these bytes before it, for as long as the chunk is there. They are written into its margin, which saves whoever
 * cuts it into lines half of the pieces. Undefined when there is no such margin.
 */
export function prepend(start: Buffer, chunk: Buffer): Buffer | undefined {
  const { byteOffset, length } = chunk;
  if (chunk.buffer !== sharedBuffer.buffer || start.length > byteOffset) return undefined;
  sharedBuffer.set(start, byteOffset - start.length);
  return sharedBuffer.subarray(byteOffset - start.length, byteOffset + length);
}

// What the kernel keeps for a child that is faster than we: the larger the pieces, the less there is to do for each byte.
const CHUNK_BYTES = 120 * 1024;
const MARGIN_BYTES = 8 * 1024;
const sharedBuffer = Buffer.allocUnsafeSlow(MARGIN_BYTES + CHUNK_BYTES);

/** Node.js has no public way to say how the pipes of a child are read: the handle moves from its socket to one of ours. */
function takeHandle(stream: Readable): object | undefined {
  const owner = stream as Readable & { _handle?: (object & { useUserBuffer?: unknown }) | null };
  const handle = owner._handle;
  if (!handle?.useUserBuffer) return undefined;
  owner._handle = null;
  stream.destroy();
  return handle;
}

function control(stream: Readable): StreamReader {
  const ended = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  // The end of a stream follows its error; the child's exit tells the rest.
  stream.on('error', () => {});
  stream.resume();
  return {
    ended,
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy: () => void stream.destroy(),
  };
}
