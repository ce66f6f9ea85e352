import type { PartyLimits } from './limits.ts';
import type { LiveConnection } from './live-connection.ts';

/*
 *   newcomer --- first AUTH ---> guest ---> leaving ---> gone
 *      +--------------------------------------^
 */
/**
 * Bounds the connections of a process in each of these, and still greets whoever comes: a health check that finds nobody at home
 * would condemn a process that is merely full. So it is the newcomer that has waited longest who gives way, and a full house is
 * told at AUTH.
 */
export class Crowd {
  readonly #limits: PartyLimits;
  /** The oldest are first, here and below. */
  readonly #newcomers = new Set<LiveConnection>();
  readonly #leaving = new Set<LiveConnection>();
  #guests = 0;

  constructor(limits: PartyLimits) {
    this.#limits = limits;
  }

  enter(connection: LiveConnection): void {
    const { newcomers, connections } = this.#limits;
    this.#newcomers.add(connection);
    if (this.#newcomers.size > newcomers)
      oldestOf(this.#newcomers)?.bye(
        'server-full',
        `More than ${newcomers} clients came and have not said AUTH`,
      );
    // Only newcomers cut off those who leave: when thousands are sent away at once, each may take its last words.
    if (this.#guests + this.#newcomers.size + this.#leaving.size > connections + 2 * newcomers)
      this.#cutOldest();
  }

  /** False: there are as many as may be. */
  admit(connection: LiveConnection): boolean {
    if (this.#guests >= this.#limits.connections) return false;
    this.#newcomers.delete(connection);
    this.#guests += 1;
    return true;
  }

  leave(connection: LiveConnection): void {
    if (!this.#newcomers.delete(connection)) this.#guests -= 1;
    this.#leaving.add(connection);
  }

  gone(connection: LiveConnection): void {
    this.#leaving.delete(connection);
  }

  #cutOldest(): void {
    const oldest = oldestOf(this.#leaving);
    if (oldest === undefined) return;
    this.#leaving.delete(oldest);
    oldest.destroy();
  }
}

function oldestOf(connections: ReadonlySet<LiveConnection>): LiveConnection | undefined {
  const [oldest] = connections;
  return oldest;
}
