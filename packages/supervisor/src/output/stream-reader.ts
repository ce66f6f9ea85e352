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
      buffer: sharedBuffer,
      callback: (length: number) => {
        onChunk(sharedBuffer.subarray(0, length));
        return !isPaused;
      },
    },
  };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  const reader = control(socket);
  return {
    ...reader,
    pause: () => {
      isPaused = true;
      reader.pause();
    },
    resume: () => {
      isPaused = false;
      reader.resume();
    },
  };
}

const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);

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
