/**
 * How much is read and written at a time: as much as stays in the processor's own cache between the read, the checksum and the
 * write. Less costs measurably more CPU a GiB, and so does more.
 */
export const PIECE_BYTES = 512 * 1024;

/** The same for a part: what several lanes have in hand is too much for that cache anyway, so fewer turns win. */
export const PART_PIECE_BYTES = 1024 * 1024;

/** Buffers of one size that are used again, so that files of any size cost a few of them and no garbage. */
export class Memory {
  readonly #bytes: number;
  readonly #mostKept: number;
  #free: Buffer[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor(bytes: number, mostKept: number) {
    this.#bytes = bytes;
    this.#mostKept = mostKept;
  }

  take(): Buffer {
    // Shared, so that a thread can hash it where it is.
    return this.#free.pop() ?? Buffer.from(new SharedArrayBuffer(this.#bytes));
  }

  /** Only of a buffer that nothing reads or writes any more: not after a failure, when the kernel may still hold it. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length >= this.#mostKept) return;
    this.#free.push(buffer);
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      this.#free = [];
    }, KEPT_MS).unref();
    this.#idle.refresh();
  }
}

/** Long enough for the next upload of a busy program; an idle one keeps nothing. */
const KEPT_MS = 5_000;
