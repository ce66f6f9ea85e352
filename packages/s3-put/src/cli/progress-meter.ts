import type { ManyProgress } from '../many/summary.ts';
import { progressLine } from './progress-line.ts';
import type { Standing } from './progress-line.ts';

/** One line at the bottom of a terminal, drawn over and over again; elsewhere than in a terminal, a line now and then. */
export class ProgressMeter {
  readonly #stream: NodeJS.WriteStream;
  readonly #timer: NodeJS.Timeout;
  #samples: { atMs: number; sentBytes: number }[] = [];
  #standing: Omit<Standing, 'bytesPerSecond'> = { stored: 0, failed: 0, sentBytes: 0, total: undefined };
  /** What stands there. */
  #drawn: string | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    const everyMs = stream.isTTY ? REDRAW_MS : LINE_MS;
    this.#timer = setInterval(() => this.#draw(), everyMs).unref();
    this.#sample();
  }

  update({ stored, failed, sentBytes }: Omit<ManyProgress, 'bytes'>): void {
    Object.assign(this.#standing, { stored, failed, sentBytes });
  }

  expect(total: Standing['total']): void {
    this.#standing.total = total;
  }

  /** Takes the line away, so that something else can be written. The next drawing brings it back. */
  clear(): void {
    if (!this.#stream.isTTY || this.#drawn === undefined) return;
    this.#stream.write('\r\u001B[K');
    this.#drawn = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const standing = { ...this.#standing, bytesPerSecond: this.#sample() };
    // The last column stays free: there some terminals begin a new line at once.
    const line = progressLine(standing, (this.#stream.columns || 80) - 1);
    if (line === this.#drawn) return;
    this.#stream.write(this.#stream.isTTY ? `\r${line}\u001B[K` : `${line}\n`);
    this.#drawn = line;
  }

  /** The rate of the last seconds. */
  #sample(): number {
    const latest = { atMs: performance.now(), sentBytes: this.#standing.sentBytes };
    this.#samples = [...this.#samples.filter(({ atMs }) => latest.atMs - atMs < RATE_MS), latest];
    const { atMs, sentBytes } = this.#samples[0] ?? latest;
    // What an attempt that is repeated had sent before does not count any more.
    const gained = Math.max(0, latest.sentBytes - sentBytes);
    return gained === 0 ? 0 : (gained / (latest.atMs - atMs)) * 1000;
  }
}

const REDRAW_MS = 100;
const LINE_MS = 1000;
const RATE_MS = 5000;
