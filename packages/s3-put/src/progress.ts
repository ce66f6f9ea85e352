/** How far a put has come. */
export interface PutProgress {
  /** Acknowledged by S3: part by part, or all at once at the end of an object that goes whole. */
  bytes: number;
  /** Taken by the connection. Goes back when an attempt fails and its bytes have to be sent again. */
  sentBytes: number;
  /** Undefined for a stream. */
  totalBytes: number | undefined;
}

/** The counts of one put. */
export class Progress {
  readonly #tell: ((progress: PutProgress) => void) | undefined;
  #now: PutProgress = { bytes: 0, sentBytes: 0, totalBytes: undefined };
  resumedBytes = 0;

  constructor(tell: ((progress: PutProgress) => void) | undefined) {
    this.#tell = tell;
  }

  set totalBytes(totalBytes: number) {
    this.#now.totalBytes = totalBytes;
  }

  get bytes(): number {
    return this.#now.bytes;
  }

  readonly sent = (bytes: number): void => {
    this.#now.sentBytes += bytes;
    if (bytes !== 0) this.#report();
  };

  /** `wasThere` from an earlier put, and was not sent by this one. */
  readonly acknowledged = (bytes: number, wasThere: boolean): void => {
    this.#now.bytes += bytes;
    if (wasThere) {
      this.#now.sentBytes += bytes;
      this.resumedBytes += bytes;
    }
    this.#report();
  };

  #report(): void {
    if (this.#tell === undefined) return;
    const now = { ...this.#now };
    // On a tick of its own: what it throws is an uncaught exception, as of any callback, and no failure of the put.
    process.nextTick(this.#tell, now);
  }
}
