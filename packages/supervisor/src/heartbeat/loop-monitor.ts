import { nowMs } from '../clock.ts';
import { findCulprit, type Culprit, type SilentProcess } from './culprit.ts';
import { readKernelState } from './kernel-state.ts';

/** A loop that did not turn within the limit. */
export interface BlockedLoop extends Culprit {
  readonly blockedForMs: number;
}

export interface BlockedVerdict extends BlockedLoop {
  /** It turned again while we looked. */
  readonly hasRecovered: boolean;
}

/**
 * Waits for the beats of a ready child until closed. Silence counts as far as our own loop was there to hear: not while we were
 * late, or the machine slept. A child that was stopped by a signal, or that a debugger holds, is left in peace.
 */
export class LoopMonitor {
  readonly #process: SilentProcess;
  readonly #timeoutMs: number;
  readonly #onBlocked: (loop: BlockedVerdict) => void;
  readonly #closed = new AbortController();
  /** From when on silence counts, on the clock of `nowMs`. */
  #since = nowMs();
  #timer: NodeJS.Timeout | undefined;

  /** `onBlocked` is called once at most. Until it has returned, the child stays paused. */
  constructor(process: SilentProcess, timeoutMs: number, onBlocked: (loop: BlockedVerdict) => void) {
    this.#process = process;
    this.#timeoutMs = timeoutMs;
    this.#onBlocked = onBlocked;
    this.#wait();
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#closed.signal.aborted) return;
    const { heartbeat } = this.#process;
    const now = nowMs();
    const delay = Math.max(1, Math.min(heartbeat.intervalMs, this.#since + this.#timeoutMs - now));
    this.#timer = setTimeout(() => {
      this.#since += Math.max(0, nowMs() - now - delay);
      // What has arrived in the meantime is read before an immediate, but after a timer.
      setImmediate(() => void this.#listen());
    }, delay);
  }

  async #listen(): Promise<void> {
    const { pid, heartbeat } = this.#process;
    this.#since = Math.max(this.#since, heartbeat.isTelling ? heartbeat.lastAt : nowMs());
    const blockedForMs = Math.round(nowMs() - this.#since);
    if (blockedForMs < this.#timeoutMs || this.#closed.signal.aborted) return this.#wait();
    const turned = heartbeat.nextBeat();
    const kernel = await readKernelState(pid);
    if (kernel.isHeld) {
      this.#since = nowMs();
      return this.#wait();
    }
    const limitMs = Math.min(MAX_SEARCH_MS, Math.max(MIN_SEARCH_MS, this.#timeoutMs / 2));
    const culprit = await Promise.race([
      findCulprit(this.#process, kernel, limitMs, this.#closed.signal),
      turned.then(() => recovered),
    ]);
    if (this.#closed.signal.aborted) return;
    this.#onBlocked({ ...culprit, blockedForMs, hasRecovered: culprit === recovered });
    this.close();
  }
}

const recovered: Culprit = { frames: [], reason: 'it turned again before its stack was read' };
const MIN_SEARCH_MS = 400;
const MAX_SEARCH_MS = 2_000;

/** "event loop blocked for 512 ms in hotLoop (/srv/app.js:12)" */
export function describeBlockedLoop({ blockedForMs, frames, reason }: BlockedLoop): string {
  // What the code called of Node.js is less telling than where it did.
  const culprit = frames.find(({ file }) => !file.startsWith('node:')) ?? frames[0];
  const where = culprit ? ` in ${culprit.functionName} (${culprit.file}:${culprit.line})` : '';
  return `event loop blocked for ${blockedForMs} ms${where}${reason === undefined ? '' : `; no stack, ${reason}`}`;
}
