import { decodeLines, LINE_FEED, type Lines } from './lines.ts';

/** The last words of a process: the ends of its last chunks, which become text only when somebody asks. */
export class LastLines {
  #tails: Tail[] = [];
  #count = 0;

  add({ bytes, continues }: Lines): void {
    const tail = cutTail(bytes, continues);
    this.#tails.push(tail);
    this.#count += tail.count;
    for (let [oldest] = this.#tails; oldest && this.#count - oldest.count >= KEPT; [oldest] = this.#tails) {
      this.#count -= oldest.count;
      this.#tails.shift();
    }
  }

  /** Oldest first, at most 20. */
  read(): string[] {
    return this.#tails.flatMap(decodeLines).slice(-KEPT);
  }
}

interface Tail extends Lines {
  readonly count: number;
}

const KEPT = 20;
/** Long lines lose their beginnings: twenty of a megabyte each would be too much to keep for every child. */
const MAX_TAIL_BYTES = 32 * 1024;

function cutTail(bytes: Buffer, continues: boolean): Tail {
  const floor = Math.max(0, bytes.length - MAX_TAIL_BYTES);
  let count = 1;
  let start = bytes.length - (continues ? 0 : 1);
  while (start > floor) {
    const feed = bytes.lastIndexOf(LINE_FEED, start - 1);
    start = Math.max(floor, feed + 1);
    if (start === floor || count === KEPT) break;
    count += 1;
    start -= 1;
  }
  return { bytes: Buffer.from(bytes.subarray(start)), continues, count };
}
