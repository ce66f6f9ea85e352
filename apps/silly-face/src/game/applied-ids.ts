/**
 * The ids of a member's latest commands, in JSON a list of texts with the oldest first. The one thing of a party that changes in
 * place: a message changes nothing else, and as a new party each was most of what the collector had to clear away.
 */
export class AppliedIds {
  readonly #ids: string[];
  /** Where the oldest is, once there are as many as may be. */
  #oldest = 0;

  constructor(ids: readonly string[] = []) {
    this.#ids = ids.slice(-MOST_APPLIED);
  }

  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  add(id: string): void {
    if (this.#ids.length < MOST_APPLIED) this.#ids.push(id);
    else {
      this.#ids[this.#oldest] = id;
      this.#oldest = (this.#oldest + 1) % MOST_APPLIED;
    }
  }

  toJSON(): string[] {
    return [...this.#ids.slice(this.#oldest), ...this.#ids.slice(0, this.#oldest)];
  }
}

/** Commands that a client may have sent and not seen answered. */
export const MOST_UNANSWERED = 40;
/** More than those: whichever of them it sends again is known. */
const MOST_APPLIED = 48;
