import type { EventEmitter } from 'node:events';
import type { SupervisorEvents } from '../events.ts';
import { decodeLines, LINE_FEED, type Lines, type Origin } from '../output/lines.ts';

/** A line of a child, or what its supervisor says about it. */
export interface RecentLine {
  readonly at: number;
  readonly child: string;
  readonly pid: number | undefined;
  readonly stream: 'stdout' | 'stderr' | 'supervisor';
  readonly line: string;
}

/**
 * Keeps the last lines of each child, so that a talkative one does not push out those of the others, and hands on new ones. They
 * stay bytes until somebody asks for them.
 */
export class RecentLines {
  readonly #rings = new Map<string, Ring>();
  readonly #followers = new Set<(line: RecentLine) => void>();
  readonly #isKnown: (child: string) => boolean;
  #count = 0;

  /** `isKnown`: whether there still is such a child. */
  constructor(events: EventEmitter<SupervisorEvents>, isKnown: (child: string) => boolean) {
    this.#isKnown = isKnown;
    events.on('state', ({ child, pid, to, reason }) => {
      const text = reason === to ? to : `${to}, ${reason}`;
      this.#add({ child, pid, stream: 'supervisor' }, { bytes: Buffer.from(`${text}\n`), continues: false });
    });
  }

  /** What a child has written. */
  take(origin: Origin, lines: Lines): void {
    this.#add(origin, lines);
  }

  /** The last `count` lines of those that `isWanted`, in the order in which they came. */
  last(count: number, isWanted: (child: string) => boolean): RecentLine[] {
    const wanted = [...this.#rings].filter(([child]) => isWanted(child));
    const pieces = wanted.flatMap(([, ring]) => ring.pieces);
    pieces.sort((one, other) => other.number - one.number);
    const newest: RecentLine[][] = [];
    let missing = count;
    let room = MAX_ANSWER_LENGTH;
    for (const { at, origin, lines } of pieces) {
      const last = decodeLines(lines).slice(-missing);
      for (const line of last) room -= line.length;
      if (room < 0 || missing <= 0) break;
      missing -= last.length;
      newest.push(last.map((line) => ({ at, ...origin, line })));
    }
    return newest.toReversed().flat();
  }

  /** Calls with each new line until `over`. */
  follow(onLine: (line: RecentLine) => void, over: AbortSignal): void {
    if (over.aborted) return;
    this.#followers.add(onLine);
    over.addEventListener('abort', () => this.#followers.delete(onLine), { once: true });
  }

  #add(origin: Source, lines: Lines): void {
    let ring = this.#rings.get(origin.child);
    if (!ring) {
      for (const child of this.#rings.keys()) if (!this.#isKnown(child)) this.#rings.delete(child);
      ring = new Ring();
      this.#rings.set(origin.child, ring);
    }
    const at = Date.now();
    ring.add({ number: (this.#count += 1), at, origin, lines: copyEnd(lines) });
    if (this.#followers.size === 0) return;
    for (const line of decodeLines(lines)) {
      for (const follower of this.#followers) follower({ at, ...origin, line });
    }
  }
}

type Source = Pick<RecentLine, 'child' | 'pid' | 'stream'>;

/** Lines that came together. */
interface Piece {
  readonly number: number;
  readonly at: number;
  readonly origin: Source;
  readonly lines: Lines;
}

/** Bounded in number and in size; the oldest give way. */
class Ring {
  #pieces: Piece[] = [];
  #bytes = 0;

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  add(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += piece.lines.bytes.length;
    while (this.#bytes > MAX_BYTES || this.#pieces.length > MAX_PIECES) {
      this.#bytes -= this.#pieces.shift()?.lines.bytes.length ?? 0;
    }
  }
}

/** The bytes are only lent to us; of a large piece the last whole lines stay. */
function copyEnd({ bytes, continues }: Lines): Lines {
  if (bytes.length <= MAX_PIECE_BYTES) return { bytes: Buffer.from(bytes), continues };
  const start = bytes.length - MAX_PIECE_BYTES;
  const feed = bytes.indexOf(LINE_FEED, start - 1);
  const isWithin = feed !== -1 && feed < bytes.length - 1;
  return { bytes: Buffer.from(bytes.subarray(isWithin ? feed + 1 : start)), continues };
}

/** For each child. */
const MAX_BYTES = 256 * 1024;
const MAX_PIECES = 1_000;
const MAX_PIECE_BYTES = 64 * 1024;

/** For all children: an answer that large still fits into what may wait for a slow client. */
const MAX_ANSWER_LENGTH = 2 * 1024 * 1024;
