import type { BigIntStats } from 'node:fs';
import type { ThreadHashes } from '../checksum/hash-threads.ts';
import { Failure } from '../failure.ts';
import { BytesSource } from './bytes.ts';
import { closeDescriptor, openToRead, readOnce, statDescriptor, statPath, unreadable } from './descriptor.ts';
import { PIECE_BYTES } from './memory.ts';
import type { Memory } from './memory.ts';
import type { Source } from './source.ts';

/**
 * A file of one piece is read at once; a larger one is read as often as needed.
 * @throws {Failure} EFILENOTFOUND, EFILEACCESS, EFILETYPE, EFILEREAD, EFILECHANGED
 */
export async function openFile(path: string, memory: Memory): Promise<SmallFile | LargeFile> {
  const descriptor = await openToRead(path);
  let keepsOpen = false;
  try {
    const opened = statDescriptor(descriptor);
    if (!opened.isFile())
      throw new Failure(`it is ${kindOf(opened)}, not a file`, { source: 'file', code: 'EFILETYPE' });
    const size = Number(opened.size);
    if (size > PIECE_BYTES) {
      keepsOpen = true;
      return new LargeFile(path, descriptor, opened, memory);
    }
    const space = memory.take();
    // Asked for a byte more than there should be, one read also tells whether the file has grown meanwhile.
    const first = await readOnce(descriptor, space, 0, Math.min(size + 1, PIECE_BYTES), 0);
    const bytes = first >= size ? first : await readUpTo(descriptor, space, { from: first, to: size, at: 0 });
    if (bytes !== size) throw changed(`it has ${bytes} bytes instead of ${size}`);
    keepsOpen = true;
    return new SmallFile(path, descriptor, opened, { space, memory });
  } finally {
    if (!keepsOpen) closeDescriptor(descriptor);
  }
}

/** The content of a file as it was at one moment. */
export class SmallFile extends BytesSource {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #opened: BigIntStats;
  readonly #space: Buffer;
  readonly #memory: Memory;

  constructor(
    path: string,
    descriptor: number,
    opened: BigIntStats,
    { space, memory }: { space: Buffer; memory: Memory },
  ) {
    super(space.subarray(0, Number(opened.size)));
    this.#path = path;
    this.#descriptor = descriptor;
    this.#opened = opened;
    this.#space = space;
    this.#memory = memory;
  }

  override async assertUnchanged(): Promise<void> {
    const { ctimeNs } = assertUntouched(this.#descriptor, this.#opened);
    // Renaming, linking and removing it all show here: one look at its path less for most files.
    if (ctimeNs !== this.#opened.ctimeNs) await assertInPlace(this.#path, this.#opened);
  }

  override async close(isStored: boolean): Promise<void> {
    closeDescriptor(this.#descriptor);
    if (isStored) this.#memory.giveBack(this.#space);
  }
}

/** A file behind one descriptor, read by position. */
export class LargeFile implements Source {
  readonly size: number;
  readonly path: string;
  readonly opened: BigIntStats;
  readonly #descriptor: number;
  readonly #memory: Memory;
  /** Reads under way: a descriptor may not be closed, and its number be reused, below them. */
  readonly #reading = new Set<Promise<unknown>>();

  constructor(path: string, descriptor: number, opened: BigIntStats, memory: Memory) {
    this.size = Number(opened.size);
    this.path = path;
    this.opened = opened;
    this.#descriptor = descriptor;
    this.#memory = memory;
  }

  /** While one piece is used the next one is read. */
  async *pieces(start = 0, size = this.size, memory = this.#memory): AsyncGenerator<Uint8Array, void, void> {
    const end = start + size;
    const [first, second] = [memory.take(), memory.take()];
    const pieceBytes = first.byteLength;
    let space = first;
    let ahead = this.#read(start, end, space);
    for (let position = start; position < end; position += pieceBytes) {
      const piece = await ahead;
      space = space === first ? second : first;
      if (position + pieceBytes < end) ahead = this.#read(position + pieceBytes, end, space);
      // It is awaited in the next round, which may come long after it failed, or never.
      ahead.catch(() => undefined);
      yield piece;
    }
    memory.giveBack(first);
    memory.giveBack(second);
  }

  async assertUnchanged(): Promise<void> {
    assertUntouched(this.#descriptor, this.opened);
    await assertInPlace(this.path, this.opened);
  }

  /** As many bytes from `position` on as fit into `space`, up to `end`. */
  #read(position: number, end: number, space: Uint8Array): Promise<Uint8Array> {
    const wanted = Math.min(space.byteLength, end - position);
    const reading = readUpTo(this.#descriptor, space, { from: 0, to: wanted, at: position });
    return this.#tracked(reading).then((filled) => {
      if (filled < wanted) throw this.#endsAt(position + filled);
      return space.subarray(0, filled);
    });
  }

  async hashStretch(
    hashes: ThreadHashes,
    { position, length, isLast }: { position: number; length: number; isLast: boolean },
  ): Promise<readonly Uint8Array[] | undefined> {
    const span = { descriptor: this.#descriptor, position, length };
    const { bytes, digests, error } = await this.#tracked(hashes.take(span, isLast));
    if (error !== undefined) throw unreadable(`reading it from byte ${position} on`, error);
    if (bytes < length) throw this.#endsAt(position + bytes);
    return digests;
  }

  #endsAt(position: number): Failure {
    return changed(`it ends at byte ${position} instead of ${this.size}`);
  }

  #tracked<T>(reading: Promise<T>): Promise<T> {
    const over = (): void => void this.#reading.delete(reading);
    this.#reading.add(reading);
    reading.then(over, over);
    return reading;
  }

  /** Waits for reads that are under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#reading);
    closeDescriptor(this.#descriptor);
  }
}

/** Returns what the file looks like now. @throws {Failure} EFILECHANGED, EFILEREAD */
function assertUntouched(descriptor: number, opened: BigIntStats): BigIntStats {
  const now = statDescriptor(descriptor);
  if (now.size !== opened.size) throw changed(`its size went from ${opened.size} to ${now.size} bytes`);
  if (now.mtimeNs !== opened.mtimeNs) throw changed('it was written to');
  return now;
}

/** Gone from its path is fine, since the descriptor still has the bytes; another file in its place is not. */
async function assertInPlace(path: string, opened: BigIntStats): Promise<void> {
  const named = await statPath(path);
  if (named !== undefined && (named.ino !== opened.ino || named.dev !== opened.dev))
    throw changed('another file took its place');
}

const changed = (how: string): Failure =>
  new Failure(`the file changed during the upload: ${how}`, { source: 'file', code: 'EFILECHANGED' });

/** Fills `space` from `from` to `to` with what is in the file from `at` on. Returns how far it got: less only where the file ends. */
function readUpTo(
  descriptor: number,
  space: Uint8Array,
  { from, to, at }: { from: number; to: number; at: number },
): Promise<number> {
  const more = (filled: number): number | Promise<number> => {
    if (filled >= to) return filled;
    return readOnce(descriptor, space, filled, to - filled, at + filled).then((bytesRead) =>
      bytesRead === 0 ? filled : more(filled + bytesRead),
    );
  };
  return Promise.resolve(more(from));
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}
