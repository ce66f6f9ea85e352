import { Encoded } from './encoded.ts';
import { DEFAULT_LIMITS } from './limits.ts';

/** As it goes into a snapshot. */
export interface RecentJson {
  readonly floor: number;
  readonly events: readonly (readonly [seq: number, json: string])[];
}

/**
 * The latest events of a room as they were told, for those who missed some. The oldest make room for new ones. They are kept as
 * bytes: as texts they were most of what grew old in V8's heap, and each collection of that holds up all rooms.
 */
export class RecentEvents {
  readonly #most: number;
  readonly #mostBytes: number;
  /** All events with a higher number are here. */
  #floor: number;
  #count = 0;
  /** Of each event its number, the length of its line, and the line; from the oldest, at `start`, to `end`. */
  #bytes = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(
    most: number,
    { floor, events }: RecentJson = { floor: 0, events: [] },
    mostBytes = MOST_BYTES,
  ) {
    this.#most = most;
    this.#mostBytes = mostBytes;
    this.#floor = floor;
    for (const [seq, json] of events) this.push(seq, Encoded.ofJson(json));
  }

  push(seq: number, { line }: Encoded): void {
    const size = HEAD_BYTES + line.length;
    if (this.#count === this.#most) this.#dropOldest();
    while (this.#count > 0 && this.#end - this.#start + size > this.#mostBytes) this.#dropOldest();
    const at = this.#place(size);
    this.#bytes.writeDoubleLE(seq, at);
    this.#bytes.writeUInt32LE(line.length, at + SEQ_BYTES);
    this.#bytes.set(line, at + HEAD_BYTES);
    this.#count += 1;
  }

  /** What came after this number, in order; undefined when some of it is no longer here. */
  after(seq: number): Encoded[] | undefined {
    if (seq < this.#floor) return undefined;
    // Copies: they are on their way while others come here.
    return this.#map((each, line) => (each > seq ? new Encoded(Buffer.from(line)) : [])).flat();
  }

  toJSON(): RecentJson {
    return { floor: this.#floor, events: this.#map((seq, line) => [seq, new Encoded(line).json]) };
  }

  #map<Item>(of: (seq: number, line: Buffer) => Item): Item[] {
    const items: Item[] = [];
    for (let at = this.#start; at < this.#end; at += this.#sizeAt(at)) {
      const line = this.#bytes.subarray(at + HEAD_BYTES, at + this.#sizeAt(at));
      items.push(of(this.#bytes.readDoubleLE(at), line));
    }
    return items;
  }

  #dropOldest(): void {
    this.#floor = this.#bytes.readDoubleLE(this.#start);
    this.#start += this.#sizeAt(this.#start);
    this.#count -= 1;
  }

  #sizeAt(at: number): number {
    return HEAD_BYTES + this.#bytes.readUInt32LE(at + SEQ_BYTES);
  }

  /** Where so many bytes are free. What is here goes to the front, of more bytes when it would leave less than a quarter of them. */
  #place(size: number): number {
    if (this.#end + size > this.#bytes.length) {
      const needed = this.#end - this.#start + size;
      const hasEnough = needed <= this.#bytes.length * 0.75;
      const target = hasEnough ? this.#bytes : Buffer.allocUnsafeSlow(this.#enoughFor(needed));
      this.#bytes.copy(target, 0, this.#start, this.#end);
      this.#bytes = target;
      this.#end -= this.#start;
      this.#start = 0;
    }
    const at = this.#end;
    this.#end += size;
    return at;
  }

  /** Few steps: what is left behind at each counts for V8 as memory that a collection would free. */
  #enoughFor(needed: number): number {
    return Math.max(this.#bytes.length === 0 ? QUIET_BYTES : BUSY_BYTES, Math.ceil(needed * 1.5));
  }
}

/** They are told in one write: whoever reads them is not too slow, also when other events follow at once. */
const MOST_BYTES = DEFAULT_LIMITS.unsentBytes / 2;
const SEQ_BYTES = 8;
const HEAD_BYTES = SEQ_BYTES + 4;
/** Enough for those who come; what nobody has written to yet takes no memory. */
const QUIET_BYTES = 2 * 1024;
const BUSY_BYTES = 32 * 1024;
