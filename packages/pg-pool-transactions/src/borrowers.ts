import type { Connection } from './connection.ts';
import type { Holder } from './holder.ts';
import type { Lease } from './lease.ts';
import { takerStack } from './taker-stack.ts';

/** When stacks of takers are kept: from the start, never, or from the first sign that a client is not given back. */
export type CaptureStacks = boolean | 'on suspicion';

export interface BorrowersOptions {
  readonly captureStacks: CaptureStacks;
  readonly heldTooLongMs: number;
  /** Nobody can release this connection any more. */
  forgotten(connection: Connection, holder: Holder): void;
  heldTooLong(holder: Holder): void;
}

/** What is taken down about the last borrower of a connection. */
interface Borrow {
  readonly connection: Connection;
  since: number;
  stack: string | undefined;
  /** Is it for the borrower to release it by hand, and still to be done? */
  owed: boolean;
  reported: boolean;
}

/**
 * Kept alive by a connection; but as long as somebody has to release that by hand, by the lease alone, to which every handle,
 * transaction and statement under way leads. Once it is collected as garbage, nobody can release the connection any more.
 *
 * It goes to and fro because registering a new one with each borrow costs as much as the rest of the borrow.
 */
export interface Tether {
  readonly borrow: Borrow;
}

/**
 * Knows who has the connections that are out, as far as that is worth its cost: nothing about those who give back by themselves,
 * until a suspicion or an option asks for more.
 */
export class Borrowers {
  readonly #options: BorrowersOptions;
  readonly #borrows = new Set<Borrow>();
  readonly #collected = new FinalizationRegistry<Borrow>((borrow) => this.#forgotten(borrow));
  readonly #rounds: NodeJS.Timeout | undefined;
  #keepsStacks: boolean;

  constructor(options: BorrowersOptions) {
    this.#options = options;
    this.#keepsStacks = options.captureStacks === true;
    const { heldTooLongMs } = options;
    if (heldTooLongMs !== Infinity)
      this.#rounds = setInterval(() => this.#goRound(), heldTooLongMs / 4).unref();
  }

  /** Those that are known. */
  get holders(): Holder[] {
    return Array.from(this.#borrows, toHolder);
  }

  /** To be called before anything is waited for. */
  stack(): string | undefined {
    return this.#keepsStacks ? takerStack() : undefined;
  }

  /** @param forgettable has the borrower to give the connection back by hand? */
  took(lease: Lease, stack: string | undefined, forgettable: boolean): void {
    const remembered = this.#keepsStacks || this.#rounds !== undefined;
    if (!forgettable && !remembered) return;
    const { connection } = lease;
    const tether = connection.tether ?? this.#tie(connection);
    const { borrow } = tether;
    borrow.since = performance.now();
    borrow.stack = stack;
    borrow.owed = forgettable;
    borrow.reported = false;
    lease.tether = tether;
    connection.tether = forgettable ? undefined : tether;
    if (remembered) this.#borrows.add(borrow);
  }

  gaveBack(lease: Lease): void {
    const { tether } = lease;
    if (!tether) return;
    tether.borrow.owed = false;
    this.#borrows.delete(tether.borrow);
    lease.tether = undefined;
    lease.connection.tether = tether;
  }

  /** Clients seem not to come back. */
  suspect(): void {
    if (this.#options.captureStacks === 'on suspicion') this.#keepsStacks = true;
  }

  stop(): void {
    clearInterval(this.#rounds);
  }

  #tie(connection: Connection): Tether {
    const borrow = { connection, since: 0, stack: undefined, owed: false, reported: false };
    const tether = { borrow };
    this.#collected.register(tether, borrow);
    return tether;
  }

  #forgotten(borrow: Borrow): void {
    // Else the connection was closed, and its tether went with it.
    if (!borrow.owed) return;
    this.#borrows.delete(borrow);
    this.suspect();
    this.#options.forgotten(borrow.connection, toHolder(borrow));
  }

  #goRound(): void {
    const latest = performance.now() - this.#options.heldTooLongMs;
    for (const borrow of this.#borrows) {
      if (borrow.reported || borrow.since > latest) continue;
      borrow.reported = true;
      this.suspect();
      this.#options.heldTooLong(toHolder(borrow));
    }
  }
}

function toHolder({ connection, since, stack }: Borrow): Holder {
  return { processId: connection.processId, heldMs: Math.round(performance.now() - since), stack };
}
