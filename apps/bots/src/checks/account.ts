import type { Me } from '../http/contract.ts';
import type { Said } from '../http/answer.ts';
import { check } from './check.ts';

/**
 * Keeps the books of one player's monocles: they never fall, and they grow by exactly what the answers said.
 *
 * The opponent's guesses pay as well, at any time, also between the two reads that the service may do for one answer. So each
 * balance is held between two sums: what was known to be earned before it was asked for, and what is known one balance later.
 */
export class Account {
  #earned = 0;
  #base: number | undefined;
  #last: { monocles: number; rounds: string } | undefined;

  /** What the answers said so far. */
  get earned(): number {
    return this.#earned;
  }

  /** Whether growth can be held against the books: two balances in a row were the same, and so were the rounds. */
  get isSettled(): boolean {
    return this.#base !== undefined;
  }

  earn(monocles: number): void {
    this.#earned += monocles;
  }

  /**
   * Takes a new balance, after what its rounds pay was earned.
   * @param earnedBefore what was earned when the balance was asked for
   * @throws {ViolatedCheck} once: afterwards the books begin anew
   */
  balance({ currentPlayer: { monocles }, rounds, request }: Said<Me>, earnedBefore: number): void {
    const last = this.#last;
    const base = this.#base;
    this.#last = { monocles, rounds: JSON.stringify(rounds.map(({ id, turn }) => [id, turn])) };
    this.#base = undefined;
    if (last === undefined) return;
    const before = `${last.monocles} monocles before`;
    check(
      monocles >= last.monocles,
      'monocles-fell',
      `Expected at least the ${before}, got ${monocles}`,
      request,
    );
    if (base === undefined) {
      const isSettled = last.monocles === monocles && last.rounds === this.#last.rounds;
      if (isSettled) this.#base = monocles - this.#earned;
      return;
    }
    const least = base + earnedBefore;
    const fewer = `Expected at least ${least} monocles by what the answers said, got ${monocles}`;
    check(monocles >= least, 'monocles-missing', fewer, request);
    const more = `Expected at most ${base + this.#earned} monocles by what the answers said, got ${before}`;
    check(last.monocles <= base + this.#earned, 'monocles-unexplained', more, request);
    this.#base = base;
  }
}
