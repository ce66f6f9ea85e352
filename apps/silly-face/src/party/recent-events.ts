/** As it goes into a snapshot. */
export interface RecentJson {
  readonly floor: number;
  readonly events: readonly (readonly [seq: number, json: string])[];
}

/** The latest events of a room as they were told, for those who missed some. The oldest make room for new ones. */
export class RecentEvents {
  readonly #most: number;
  readonly #seqs: number[] = [];
  readonly #jsons: string[] = [];
  /** Where the oldest is, once there are as many as may be. */
  #oldest = 0;
  /** All events with a higher number are here. */
  #floor: number;

  constructor(most: number, { floor, events }: RecentJson = { floor: 0, events: [] }) {
    this.#most = most;
    this.#floor = floor;
    for (const [seq, json] of events) this.push(seq, json);
  }

  push(seq: number, json: string): void {
    if (this.#seqs.length < this.#most) {
      this.#seqs.push(seq);
      this.#jsons.push(json);
      return;
    }
    this.#floor = this.#seqs[this.#oldest] as number;
    this.#seqs[this.#oldest] = seq;
    this.#jsons[this.#oldest] = json;
    this.#oldest = (this.#oldest + 1) % this.#most;
  }

  /** What came after this number, in order; undefined when some of it is no longer here. */
  after(seq: number): string[] | undefined {
    if (seq < this.#floor) return undefined;
    return this.toJSON().events.flatMap(([each, json]) => (each > seq ? json : []));
  }

  toJSON(): RecentJson {
    const events = this.#seqs.map((_, index) => {
      const at = (this.#oldest + index) % this.#seqs.length;
      return [this.#seqs[at] as number, this.#jsons[at] as string] as const;
    });
    return { floor: this.#floor, events };
  }
}
