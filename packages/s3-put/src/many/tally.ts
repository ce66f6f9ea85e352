import type { PutAnswer } from '../answer.ts';
import type { ManyProgress } from './summary.ts';

/** How far one put is. */
interface Share {
  bytes: number;
  sentBytes: number;
}

/** Adds up how far all puts are, each of which may also fall back: when it begins anew, or fails. */
export class Tally {
  readonly #total: ManyProgress = { stored: 0, failed: 0, bytes: 0, sentBytes: 0 };
  readonly #onProgress: ((progress: ManyProgress) => void) | undefined;

  constructor(onProgress: ((progress: ManyProgress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  /** For one put: what is told of its progress, and how it ended. */
  begin(): { update: (share: Share) => void; end: (answer: PutAnswer | undefined) => void } {
    let share: Share = { bytes: 0, sentBytes: 0 };
    let isOver = false;
    const set = (next: Share): void => {
      this.#total.bytes += next.bytes - share.bytes;
      this.#total.sentBytes += next.sentBytes - share.sentBytes;
      share = next;
      // On a tick of its own, as the progress of a single put.
      if (this.#onProgress !== undefined) process.nextTick(this.#onProgress, { ...this.#total });
    };
    return {
      update: ({ bytes, sentBytes }) => {
        // It may come a tick after the put has ended.
        if (!isOver) set({ bytes, sentBytes });
      },
      end: (answer) => {
        isOver = true;
        this.#total[answer === undefined ? 'failed' : 'stored'] += 1;
        set({ bytes: answer?.bytes ?? 0, sentBytes: answer?.bytes ?? 0 });
      },
    };
  }
}
