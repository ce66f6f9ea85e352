import type { Party } from '../game/party.ts';
import type { Encoded } from './encoded.ts';
import { RecentEvents } from './recent-events.ts';
import type { RoomState } from './room-state.ts';

/** An event on its way to the members, and what the room is after it. */
export interface Telling {
  readonly seq: number;
  readonly frame: Encoded;
  readonly party: Party;
  /** Whose doing it is. */
  readonly by: string;
  /** `first`: nobody hears of it before it is kept. `later`: as soon as nothing else is in the way. `never`: it is not logged. */
  readonly keeping: 'first' | 'later' | 'never';
  readonly told: (() => void) | undefined;
}

/** What the members of a room know, and what they will: all hear of everything in the same order. */
export class News {
  /** As the members know it. */
  party: Party;
  seq: number;
  readonly #send: (frame: Encoded) => void;
  readonly #recent: RecentEvents;
  readonly #mostRecent: number;
  /** Behind one that has to be kept first, all others wait; and by then it may be somebody else who keeps the room. */
  readonly #untold: Telling[] = [];
  #keptSeq: number;

  constructor({ party, seq, recent }: RoomState, mostRecent: number, send: (frame: Encoded) => void) {
    this.party = party;
    this.seq = this.#keptSeq = seq;
    this.#recent = new RecentEvents(mostRecent, recent);
    this.#mostRecent = mostRecent;
    this.#send = send;
  }

  get isAllTold(): boolean {
    return this.#untold.length === 0;
  }

  /** How many of this member's commands nobody has heard of yet. */
  untoldOf(member: string): number {
    return this.#untold.reduce((count, { by }) => count + (by === member ? 1 : 0), 0);
  }

  /** The latest events, with those that are not told yet. */
  get recent(): RoomState['recent'] {
    const { floor, events } = this.#recent.toJSON();
    const all = [...events, ...this.#untold.map(({ seq, frame }) => [seq, frame.json] as const)];
    const over = all.splice(0, Math.max(0, all.length - this.#mostRecent));
    return { floor: over.at(-1)?.[0] ?? floor, events: all };
  }

  /** What was told after this number; undefined when not all of it is at hand, or nothing had this number yet. */
  after(seq: number): Encoded[] | undefined {
    return seq <= this.seq ? this.#recent.after(seq) : undefined;
  }

  add(telling: Telling): void {
    if (telling.keeping === 'first' || !this.isAllTold) this.#untold.push(telling);
    else this.#tell(telling);
  }

  /** All up to this number is kept. */
  kept(seq: number): void {
    this.#keptSeq = Math.max(this.#keptSeq, seq);
    for (let next = this.#untold[0]; next; next = this.#untold[0]) {
      if (next.keeping !== 'never' && next.seq > this.#keptSeq) break;
      this.#untold.shift();
      this.#tell(next);
    }
  }

  #tell({ seq, frame, party, told }: Telling): void {
    this.party = party;
    this.seq = seq;
    this.#recent.push(seq, frame);
    this.#send(frame);
    told?.();
  }
}
