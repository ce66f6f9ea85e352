import type { Format } from './format.ts';
import { countLines, type Lines, type Origin } from './lines.ts';
import type { SinkQueue } from './sink-queue.ts';

/** What one stream may keep waiting in one sink. */
export interface ShareLimits {
  readonly maxBufferedBytes: number;
  readonly whenFull: 'drop' | 'wait';
  readonly maxWaitMs: number | false;
}

/**
 * What one stream of one process has waiting in one sink. Each has its own bound, so that a noisy child costs its neighbours
 * nothing.
 *
 *     flowing ──full──► waiting ──half empty──► flowing
 *        │                 └──the sink took nothing for `maxWaitMs`──► dropping
 *        └──full, and nobody may wait──► dropping ──half empty, the gap is reported──► flowing
 *
 * Where it may wait, a fast stream is also paced while it flows: it is not read on until what it has brought is delivered. That
 * makes few large pieces of many small ones, so that there is less to do and less to keep. A sink that is slow has it for a moment
 * only, then more is read into the queue.
 */
export class Share {
  readonly origin: Origin;
  readonly format: Format;
  readonly #queue: SinkQueue;
  readonly #limits: ShareLimits;
  readonly #onHold: (isHeld: boolean) => void;
  #state: 'flowing' | 'waiting' | 'dropping' = 'flowing';
  #buffered = 0;
  #lostLines = 0;
  #lostBytes = 0;
  #patience: NodeJS.Timeout | undefined;
  #isPaced = false;
  #pace: NodeJS.Timeout | undefined;

  /** `onHold`: the stream is not to be read until it is called again with `false`. */
  constructor(
    origin: Origin,
    { queue, format, limits }: { queue: SinkQueue; format: Format; limits: ShareLimits },
    onHold: (isHeld: boolean) => void,
  ) {
    this.origin = origin;
    this.format = format;
    this.#queue = queue;
    this.#limits = limits;
    this.#onHold = onHold;
  }

  take(lines: Lines): void {
    if (this.#state === 'flowing' && this.#buffered + lines.bytes.length > this.#limits.maxBufferedBytes) {
      this.#fill();
    }
    if (this.#state === 'dropping') return this.#lose(lines.bytes);
    this.#buffered += this.#queue.add(this, lines);
    if (this.#buffered >= PACED_BYTES && !this.#isPaced && this.#limits.whenFull === 'wait') this.#hold();
  }

  /** It waits for the sink, which is full. */
  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** So many bytes have left the queue. */
  delivered(bytes: number): void {
    this.#buffered -= bytes;
    if (this.#isPaced && this.#buffered === 0) this.#letGo();
    if (this.#state === 'flowing' || this.#buffered > this.#limits.maxBufferedBytes / 2) return;
    this.#settle();
  }

  /** These left the queue and went nowhere. */
  abandoned(bytes: Buffer): void {
    this.#buffered -= bytes.length;
    this.#lose(bytes);
  }

  /** Reports what was lost since it was last told. */
  tell(): void {
    const [lines, bytes] = [this.#lostLines, this.#lostBytes];
    this.#lostLines = 0;
    this.#lostBytes = 0;
    if (bytes > 0) this.#queue.dropped(this.origin, lines, bytes);
  }

  /** Nothing waits for this sink any more: what it does not take at once is lost. */
  hurry(): void {
    if (this.#state === 'waiting') this.#drop();
  }

  #hold(): void {
    this.#isPaced = true;
    this.#onHold(true);
    // One timer for all the times: at full rate there are thousands.
    if (this.#pace) this.#pace.refresh();
    else this.#pace = setTimeout(() => this.#letGo(), MAX_PACE_MS);
  }

  #letGo(): void {
    if (!this.#isPaced) return;
    this.#isPaced = false;
    this.#onHold(false);
  }

  /** From full to what the options say. One chunk more than the bound is let in rather than lost. */
  #fill(): void {
    const { whenFull, maxWaitMs } = this.#limits;
    // An empty queue has room for everything: a bound below one chunk is no reason to lose it.
    if (this.#buffered === 0) return;
    if (whenFull === 'drop' || (this.#queue.isFailing && maxWaitMs !== false)) return this.#drop();
    this.#state = 'waiting';
    this.#onHold(true);
    if (maxWaitMs !== false) this.#wait(maxWaitMs);
  }

  #wait(maxWaitMs: number): void {
    const since = this.#queue.lastProgressAt;
    this.#patience = setTimeout(() => {
      if (this.#queue.lastProgressAt > since) this.#wait(maxWaitMs);
      else this.#drop();
    }, maxWaitMs);
  }

  #drop(): void {
    const wasWaiting = this.#state === 'waiting';
    clearTimeout(this.#patience);
    this.#state = 'dropping';
    if (wasWaiting) this.#onHold(false);
  }

  #settle(): void {
    const wasWaiting = this.#state === 'waiting';
    clearTimeout(this.#patience);
    this.#state = 'flowing';
    if (wasWaiting) return this.#onHold(false);
    if (this.#lostBytes === 0) return;
    const { child, stream } = this.origin;
    const text = `${child}: ${this.#lostLines} lines (${this.#lostBytes} bytes) of its ${stream} were dropped here\n`;
    this.#buffered += this.#queue.add(this, { bytes: Buffer.from(text), continues: false }, supervisorOrigin);
    this.tell();
  }

  #lose(bytes: Buffer): void {
    this.#lostLines += countLines(bytes);
    this.#lostBytes += bytes.length;
  }
}

/** Less than that is not worth a pause. */
const PACED_BYTES = 16 * 1024;
const MAX_PACE_MS = 10;

/** Who speaks in a sink about what is missing in it. */
const supervisorOrigin: Origin = { child: 'supervisor', pid: process.pid, stream: 'stderr' };
