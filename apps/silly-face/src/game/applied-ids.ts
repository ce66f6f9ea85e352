/**
 * The ids of a member's latest commands. Immutable, in JSON a list of texts with the oldest first. Each message makes a new one:
 * it shares the ids with the one before, as copies were most of what the collector had to clear away.
 */
export class AppliedIds {
  /** Of all that came one after the other: added to, and otherwise never changed. */
  readonly #shared: string[];
  /** Behind the latest of this one's. */
  readonly #end: number;

  static of(ids: readonly string[]): AppliedIds {
    return new AppliedIds(ids.slice(-MOST_APPLIED));
  }

  private constructor(shared: string[]) {
    this.#shared = shared;
    this.#end = shared.length;
  }

  has(id: string): boolean {
    for (let at = this.#end - 1; at >= this.#start; at -= 1) if (this.#shared[at] === id) return true;
    return false;
  }

  with(id: string): AppliedIds {
    const isLatest = this.#shared.length === this.#end;
    const shared = isLatest && this.#end < 2 * MOST_APPLIED ? this.#shared : this.toJSON();
    shared.push(id);
    return new AppliedIds(shared);
  }

  toJSON(): string[] {
    return this.#shared.slice(this.#start, this.#end);
  }

  get #start(): number {
    return Math.max(0, this.#end - MOST_APPLIED);
  }
}

/** More than a client may have sent and not seen answered. */
const MOST_APPLIED = 48;
