import type { PartyConnection } from './connection.ts';
import type { Encoded } from './encoded.ts';

interface Absence {
  /** By our own monotonic clock. */
  readonly since: number;
  isTold: boolean;
}

/** Who of a room's members is connected, and who is away since when. */
export class Seats {
  readonly #connections = new Map<string, PartyConnection>();
  readonly #absences = new Map<string, Absence>();
  /** The same connections, for the way that every message takes. */
  #all: PartyConnection[] = [];

  /** Members that nobody has seen here yet are away from now on. */
  constructor(members: Iterable<string>) {
    for (const member of members) this.#absences.set(member, { since: performance.now(), isTold: false });
  }

  get connections(): readonly PartyConnection[] {
    return this.#all;
  }

  get absent(): number {
    return this.#absences.size;
  }

  connectionOf(member: string): PartyConnection | undefined {
    return this.#connections.get(member);
  }

  send(frame: Encoded): void {
    for (const connection of this.#all) connection.send(frame);
  }

  /** Whether the others were told that this member was away. A connection that the member had before is replaced. */
  take(member: string, connection: PartyConnection): boolean {
    this.#connections.get(member)?.bye('replaced', 'You have connected anew');
    this.#connections.set(member, connection);
    this.#all = [...this.#connections.values()];
    const wasTold = this.#absences.get(member)?.isTold ?? false;
    this.#absences.delete(member);
    return wasTold;
  }

  /** The connection is gone, unless it was replaced before. */
  leave(member: string, connection: PartyConnection): void {
    if (this.#connections.get(member) !== connection) return;
    this.remove(member);
    this.away(member);
  }

  away(member: string): void {
    this.#absences.set(member, { since: performance.now(), isTold: false });
  }

  /** Of a member that is no longer one. */
  remove(member: string): void {
    this.#absences.delete(member);
    if (this.#connections.delete(member)) this.#all = [...this.#connections.values()];
  }

  /** Who is away longer than this and was not told to be. They are from now on. */
  newlyAway(ms: number): string[] {
    const found: string[] = [];
    for (const [member, absence] of this.#absences) {
      if (absence.isTold || performance.now() - absence.since < ms) continue;
      absence.isTold = true;
      found.push(member);
    }
    return found;
  }

  awayFor(ms: number): string[] {
    return [...this.#absences].flatMap(([member, { since }]) =>
      performance.now() - since >= ms ? member : [],
    );
  }

  toldAway(): string[] {
    return [...this.#absences].flatMap(([member, { isTold }]) => (isTold ? member : []));
  }
}
