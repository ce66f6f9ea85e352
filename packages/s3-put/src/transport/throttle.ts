import { setTimeout as sleep } from 'node:timers/promises';
import type { StopSignal } from '../stop-signal.ts';

/** A limit of bytes a second for everything that goes through it. */
export class Throttle {
  readonly #bytesPerSecond: number;
  /** When what has been let through will have been worth its time. */
  #freeAt = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** The piece in slices, each when its turn has come, in the order of asking. Rejects with the reason of `signal`. */
  async *slices(
    piece: Uint8Array,
    { signal, onHeldBack }: { signal: StopSignal; onHeldBack: (isHeldBack: boolean) => void },
  ): AsyncGenerator<Uint8Array, void, void> {
    const most = Math.max(MIN_SLICE_BYTES, Math.floor((this.#bytesPerSecond * SLICE_MS) / 1000));
    for (let start = 0; start === 0 || start < piece.byteLength; start += most) {
      const slice = piece.subarray(start, start + most);
      const now = performance.now();
      const turn = Math.max(now, this.#freeAt);
      this.#freeAt = turn + (slice.byteLength / this.#bytesPerSecond) * 1000;
      if (turn > now) {
        onHeldBack(true);
        await wait(turn - now, signal);
        onHeldBack(false);
      }
      yield slice;
    }
  }
}

async function wait(ms: number, signal: StopSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: signal.abortSignal });
  } catch {
    throw signal.reason;
  }
}

/** Short, so that the rate is even, but not so short that the timer's own millisecond counts. */
const SLICE_MS = 100;
const MIN_SLICE_BYTES = 1024;
