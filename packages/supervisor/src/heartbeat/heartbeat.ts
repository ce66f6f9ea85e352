import type { Readable } from 'node:stream';
import { nowMs } from '../clock.ts';

/** How often a child of this limit beats: often enough that the limit is kept well, never more than the loop notices. */
export function beatIntervalMs(heartbeatTimeoutMs: number): number {
  return Math.min(MAX_INTERVAL_MS, heartbeatTimeoutMs / 4);
}

const MAX_INTERVAL_MS = 1_000;

/** Our end of the pipe over which a script tells that its event loop turns; its end is in preload/heartbeat. */
export class Heartbeat {
  readonly intervalMs: number;
  #rest = '';
  #beats = 0;
  #lastAt = nowMs();
  #lags: number[] = [];
  #flags = '';
  #isOpen = true;
  #onBeat: (() => void)[] = [];

  constructor(pipe: Readable, intervalMs: number) {
    this.intervalMs = intervalMs;
    pipe.setEncoding('latin1');
    pipe.on('data', (text: string) => this.#take(text));
    pipe.once('close', () => (this.#isOpen = false));
    // The end of the pipe follows, and the child's exit tells the rest.
    pipe.on('error', () => {});
  }

  /** When the latest came, on the clock of `nowMs`. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /**
   * Silence means a blocked loop: there was a beat, there may be more, and no debugger holds the process. (The first one comes
   * before the script, unless the process waits for a debugger even before that.)
   */
  get isTelling(): boolean {
    return this.#isOpen && this.#beats > 0 && !this.#flags.includes('d');
  }

  /** Why the inspector cannot be opened by SIGUSR1, as far as the child knows. */
  get obstacle(): string | undefined {
    if (this.#flags.includes('n')) return 'its Node.js was built without an inspector';
    return this.#flags.includes('u')
      ? 'it has a SIGUSR1 listener of its own, which keeps the inspector shut'
      : undefined;
  }

  /** The longest delay of the event loop in the last beats, or that of now when it is longer. Undefined before the first. */
  get lagMs(): number | undefined {
    if (this.#beats === 0) return undefined;
    const overdue = this.isTelling ? nowMs() - this.#lastAt - this.intervalMs : 0;
    return Math.round(Math.max(overdue, ...this.#lags));
  }

  /** Resolves when the next one comes. */
  async nextBeat(): Promise<void> {
    await new Promise<void>((resolve) => this.#onBeat.push(resolve));
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [lag, flags = ''] = line.split(' ');
      this.#beats += 1;
      this.#lastAt = nowMs();
      this.#flags = flags;
      this.#lags.push(Number(lag));
      if (this.#lags.length > REMEMBERED) this.#lags.shift();
    }
    if (lines.length > 0) for (const tell of this.#onBeat.splice(0)) tell();
  }
}

const REMEMBERED = 10;
