import { constants, type Stats } from 'node:fs';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.ts';
import type { Block } from './blocks.ts';
import { LINE_FEED } from './lines.ts';
import { moveAway, tidy, type Rotation } from './rotation.ts';
import type { Destination } from './sink-queue.ts';

/**
 * A file that lines are appended to. It follows its path: when somebody else has moved or removed the file, a new one is begun
 * within a second. It is opened with the first line, and as often as it takes.
 */
export class LogFile implements Destination {
  readonly name: string;
  readonly maxBlocks = 8;
  #rotation: Rotation;
  readonly #onTidyError: (error: unknown) => void;
  #handle: FileHandle | undefined;
  #stats: Stats | undefined;
  #size = 0;
  /** When the first of its lines was written. */
  #bornAt = 0;
  #checkedAt = 0;
  /** A rotation that failed is not tried again with every line. */
  #noRotationBefore = 0;
  #isReopening = false;
  #tidying: Promise<void> = Promise.resolve();

  constructor(path: string, rotation: Rotation, onTidyError: (error: unknown) => void) {
    this.name = path;
    this.#rotation = rotation;
    this.#onTidyError = onTidyError;
  }

  setRotation(rotation: Rotation): void {
    this.#rotation = rotation;
  }

  /** The next line goes to a file that is opened anew. */
  reopen(): void {
    this.#isReopening = true;
  }

  async deliver(blocks: readonly Block[], onProgress: () => void): Promise<number> {
    // No wait where there is nothing to wait for: at full rate this is a thousand times a second.
    const handle = this.#present() ?? (await this.#open());
    // A line that is longer than a whole file gets one of its own.
    const pieces = cut(blocks, this.#room(), this.#size === 0);
    if (pieces.length === 0) {
      await this.#rotate(handle);
      return 0;
    }
    const written = await this.#write(handle, pieces);
    if (written === 0) return 0;
    onProgress();
    if (this.#size === 0) this.#bornAt = Date.now();
    this.#size += written;
    return advance(blocks, written);
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    await this.#tidying;
  }

  /** The file, when nothing is to be looked at. */
  #present(): FileHandle | undefined {
    const isCurrent = !this.#isReopening && nowMs() - this.#checkedAt < CHECK_INTERVAL_MS;
    return isCurrent ? this.#handle : undefined;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle && !this.#isReopening && (await this.#isInPlace())) return this.#handle;
    this.#isReopening = false;
    const old = this.#handle;
    this.#handle = undefined;
    await old?.close();
    await mkdir(dirname(this.name), { recursive: true });
    const handle = await open(this.name, FLAGS);
    this.#handle = handle;
    const stats = await handle.stat();
    this.#stats = stats;
    this.#size = stats.size;
    this.#bornAt = stats.birthtimeMs || stats.mtimeMs;
    this.#checkedAt = nowMs();
    return handle;
  }

  async #isInPlace(): Promise<boolean> {
    this.#checkedAt = nowMs();
    try {
      const { dev, ino, size } = await stat(this.name);
      // Not what we have counted: somebody may have truncated it.
      this.#size = size;
      return dev === this.#stats?.dev && ino === this.#stats.ino;
    } catch {
      return false; // Opening it anew will tell why.
    }
  }

  /** How many bytes still go into this file. */
  #room(): number {
    const { maxBytes = Infinity, maxAgeMs = Infinity } = this.#rotation;
    if (!this.#stats?.isFile() || nowMs() < this.#noRotationBefore) return Infinity;
    if (this.#size > 0 && Date.now() - this.#bornAt >= maxAgeMs) return 0;
    return Math.max(0, maxBytes - this.#size);
  }

  async #write(handle: FileHandle, pieces: readonly Buffer[]): Promise<number> {
    try {
      return (await handle.writev(pieces)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        // A pipe that is full: its reader takes its time.
        await sleep(PIPE_RETRY_MS);
        return 0;
      }
      // The next try begins with a new descriptor: this one may be of a pipe or a disk that is gone.
      this.#isReopening = true;
      throw error;
    }
  }

  async #rotate(handle: FileHandle): Promise<void> {
    try {
      await moveAway(this.name);
    } catch (cause) {
      // Somebody else was faster: the next file is begun, as after a rotation of ours.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return this.reopen();
      this.#noRotationBefore = nowMs() + ROTATION_RETRY_MS;
      throw cause;
    }
    this.#handle = undefined;
    await handle.close();
    this.#tidying = this.#tidying.then(() => tidy(this.name, this.#rotation)).catch(this.#onTidyError);
  }
}

// Not blocking: a named pipe that nobody reads is an error to report, and must not keep a thread of ours waiting for ever.
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
const CHECK_INTERVAL_MS = 1_000;
const ROTATION_RETRY_MS = 10_000;
const PIPE_RETRY_MS = 10;

/** The beginning of the blocks: whole lines of `room` bytes at most, or one that is longer when there is to be something. */
function cut(blocks: readonly Block[], room: number, atLeastOne: boolean): Buffer[] {
  const pieces: Buffer[] = [];
  let left = room;
  for (const { bytes, start, end } of blocks) {
    const piece = bytes.subarray(start, end);
    if (piece.length > left) {
      let length = left === 0 ? 0 : piece.lastIndexOf(LINE_FEED, left - 1) + 1;
      if (length === 0 && atLeastOne && pieces.length === 0) {
        length = piece.indexOf(LINE_FEED) + 1 || piece.length;
      }
      if (length > 0) pieces.push(piece.subarray(0, length));
      break;
    }
    pieces.push(piece);
    left -= piece.length;
  }
  return pieces;
}

/** Moves the starts of the blocks behind what is written. Returns how many of them are done. */
function advance(blocks: readonly Block[], written: number): number {
  let left = written;
  let done = 0;
  for (const block of blocks) {
    const length = Math.min(left, block.end - block.start);
    block.start += length;
    left -= length;
    if (block.start < block.end) break;
    done += 1;
  }
  return done;
}
