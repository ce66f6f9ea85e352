import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.ts';
import { aborted } from '../aborted.ts';
import { Blocks, giveBack, type Block, type Mark } from './blocks.ts';
import type { Lines, Origin } from './lines.ts';
import type { Share } from './share.ts';

/** Where the blocks of a queue go. */
export interface Destination {
  /** For people: a path, or what it is. */
  readonly name: string;
  /** So many blocks are delivered at once at most. */
  readonly maxBlocks: number;
  /**
   * Resolves to how many blocks are gone for good; what is written of the next one is before its `start`. A rejection is
   * reported. Then or now, the blocks that are left are tried again.
   */
  deliver(blocks: readonly Block[], onProgress: () => void): Promise<number>;
  close(): Promise<void>;
}

/** Whom a queue tells. */
export interface QueueReports {
  failed(sink: string, error: unknown): void;
  dropped(sink: string, origin: Origin, lines: number, bytes: number): void;
}

/** What waits for one destination, in order: as long as one delivery is under way, the next one grows. */
export class SinkQueue {
  readonly #destination: Destination;
  readonly #reports: QueueReports;
  readonly #blocks = new Blocks();
  #batch: Block[] = [];
  #delivering: Promise<void> | undefined;
  #isFailing = false;
  #lastProgressAt = 0;
  #closing = new AbortController();
  /** Aborted when what waits is given up. */
  #abandoned = new AbortController();

  constructor(destination: Destination, reports: QueueReports) {
    this.#destination = destination;
    this.#reports = reports;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get lastProgressAt(): number {
    return this.#lastProgressAt;
  }

  /** Queues lines in the format of the share. Returns how many bytes that made. */
  add(share: Share, lines: Lines, origin: Origin = share.origin): number {
    const { count, last } = this.#blocks;
    const lastEnd = last?.end ?? 0;
    share.format(lines, origin, this.#blocks);
    let added = last ? mark(last, last.end - lastEnd) : 0;
    for (const block of this.#blocks.since(count)) added += mark(block, block.end);
    this.#delivering ??= this.#deliver();
    return added;

    function mark(block: Block, bytes: number): number {
      if (bytes > 0) block.marks.push({ share, origin, bytes, continues: lines.continues });
      return bytes;
    }
  }

  dropped(origin: Origin, lines: number, bytes: number): void {
    this.#reports.dropped(this.#destination.name, origin, lines, bytes);
  }

  /**
   * Everything that was added is delivered and the destination closed, or time is up; what is left then is dropped. A
   * destination that fails gets one last try.
   */
  async close(timeUp: AbortSignal): Promise<void> {
    this.#closing.abort();
    const isUp = aborted(timeUp);
    await Promise.race([this.#delivering, isUp]);
    this.#abandon();
    this.#closing = new AbortController();
    const { name } = this.#destination;
    const closed = this.#destination.close().catch((error: unknown) => this.#reports.failed(name, error));
    await Promise.race([closed, isUp]);
  }

  async #deliver(): Promise<void> {
    // Not at once: lines that are read in the same turn of the loop go together.
    await new Promise((resolve) => setImmediate(resolve));
    let failures = 0;
    const abandoned = this.#abandoned.signal;
    while (!abandoned.aborted) {
      if (this.#batch.length === 0) this.#batch = this.#blocks.take(this.#destination.maxBlocks);
      if (this.#batch.length === 0) break;
      const closing = this.#closing.signal;
      const isLastTry = closing.aborted && failures > 0;
      try {
        const done = await this.#destination.deliver(this.#batch, () => this.#progress());
        if (abandoned.aborted) break;
        failures = 0;
        this.#isFailing = false;
        this.#release(done);
      } catch (error) {
        // Once an outage: the next failures are the same one.
        if (failures === 0) this.#reports.failed(this.#destination.name, error);
        if (isLastTry) break;
        this.#isFailing = true;
        failures += 1;
        const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
        await sleep(delayMs, undefined, { signal: closing, ref: false }).catch(() => {
          // The last try is at once.
        });
      }
    }
    this.#delivering = undefined;
  }

  #progress(): void {
    this.#lastProgressAt = nowMs();
  }

  /** The first blocks of the batch are gone. */
  #release(count: number): void {
    const gone = this.#batch.slice(0, count);
    this.#batch = this.#batch.slice(count);
    gone.forEach(releaseBlock);
  }

  #abandon(): void {
    this.#abandoned.abort();
    this.#abandoned = new AbortController();
    const shares = new Set<Share>();
    for (const block of [...this.#batch, ...this.#blocks.take(this.#blocks.count)]) {
      let start = 0;
      for (const { share, origin, bytes } of block.marks) {
        const end = start + bytes;
        // Some of it may be delivered already; and what we have said ourselves is nobody's loss.
        const lost = block.bytes.subarray(Math.max(start, block.start), Math.max(end, block.start));
        if (origin === share.origin) share.abandoned(lost);
        start = end;
        shares.add(share);
      }
    }
    this.#batch = [];
    for (const share of shares) share.tell();
  }
}

function releaseBlock(block: Block): void {
  block.marks.forEach(releaseMark);
  giveBack(block);
}

function releaseMark({ share, bytes }: Mark): void {
  share.delivered(bytes);
}

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
