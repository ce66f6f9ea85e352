import type { Scopes, Turn } from './scope.ts';

/** After so long the next one enters, although the one before is not done. */
const longestTurnMs = 1_000;

/**
 * Where transactions that have collided are tried again: one at a time, first come, first served, so that they do not collide with
 * each other once more. It keeps an order and guards nothing: whoever takes too long, because its block is slow or because it waits
 * for somebody who waits here, is joined by the next.
 */
export class RetryLane {
  readonly #scopes: Scopes;
  readonly #waiting: { readonly turn: Turn; enter(): void }[] = [];
  #current: Turn | undefined;

  constructor(scopes: Scopes) {
    this.#scopes = scopes;
  }

  async run<T>(attempt: () => Promise<T>): Promise<T> {
    // Who is part of something that has its turn, or a client that the others need, must not wait for them.
    if (this.#scopes.holding || this.#scopes.hasTurn) return await attempt();
    const turn: Turn = { over: false };
    await this.#begin(turn);
    const impatience = setTimeout(() => this.#passOn(turn), longestTurnMs);
    try {
      return await this.#scopes.runInTurn(turn, attempt);
    } finally {
      clearTimeout(impatience);
      turn.over = true;
      this.#passOn(turn);
    }
  }

  #begin(turn: Turn): Promise<void> | undefined {
    if (this.#current) return new Promise((enter) => this.#waiting.push({ turn, enter }));
    this.#current = turn;
    return undefined;
  }

  #passOn(turn: Turn): void {
    if (this.#current !== turn) return;
    const next = this.#waiting.shift();
    this.#current = next?.turn;
    next?.enter();
  }
}
