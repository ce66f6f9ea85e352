import { randomUUID } from 'node:crypto';
import { type PartySeat, waitUntil } from '@silly-face/testing';
import type { Directory } from '../../src/directory/directory.ts';
import { PartyGuest } from './party-guest.ts';
import { RoomHistory } from './room-history.ts';

export const ROOM_SIZE = 8;

interface CrowdRoom {
  readonly history: RoomHistory;
  readonly guests: PartyGuest[];
}

export interface CrowdOptions {
  readonly rooms: number;
  /** One room of so many plays. */
  readonly playsEvery: number;
  /** Rooms besides those whose seats are given out already. */
  readonly given?: readonly GivenRoom[];
}

export interface GivenRoom {
  readonly room: string;
  readonly seats: readonly PartySeat[];
}

/** Rooms full of members who talk until they are told to end. */
export class PartyCrowd implements Disposable {
  readonly rooms: CrowdRoom[] = [];
  readonly #end = new AbortController();
  #talks: Promise<void>[] = [];

  /** Each has a seat from the directory: a log-in costs a quarter of a second. */
  static async enter(directory: Directory, options: CrowdOptions): Promise<PartyCrowd> {
    const crowd = new PartyCrowd();
    await crowd.#enter(directory, options);
    return crowd;
  }

  private constructor() {}

  async #enter(directory: Directory, { rooms, playsEvery, given = [] }: CrowdOptions): Promise<void> {
    for (const each of given) this.rooms.push(await fill(each, true));
    const all = Array.from({ length: rooms }, (_, index) => index);
    // As many at a time as the directory has connections for.
    const work = Array.from({ length: 8 }, async () => {
      for (let index = all.pop(); index !== undefined; index = all.pop())
        this.rooms.push(await openRoom(directory, index % playsEvery === 0));
    });
    await Promise.all(work);
    for (const { history, guests } of this.rooms)
      history.begin(Math.max(...guests.map(({ member }) => member.seq)));
  }

  get members(): number {
    return this.#all().length;
  }

  talk(options: { everyMs: number; pipelined: boolean }): void {
    this.#talks = this.rooms.flatMap(({ guests }) =>
      guests.map((guest) => guest.chat(this.#end.signal, options)),
    );
    for (const { guests } of this.rooms) for (const guest of guests) void guest.play();
  }

  /** All have been answered, and have heard what the others have. */
  async fallSilent(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#talks);
    const waiting = (): PartyGuest[] =>
      this.#all().filter(({ member }) => !member.isIn || member.unanswered > 0);
    await waitUntil(() => waiting().length === 0, { what: 'all commands to be answered', timeoutMs: 60_000 });
    const apart = (): CrowdRoom[] =>
      this.rooms.filter(({ guests }) => new Set(guests.map(({ member }) => member.seq)).size > 1);
    await waitUntil(() => apart().length === 0, {
      what: 'the rooms to have heard the same',
      timeoutMs: 60_000,
    });
  }

  /** Everybody is in the room, and nobody was sent away. */
  get isWhole(): boolean {
    return this.#all().every(({ member }) => member.isIn);
  }

  get answered(): number {
    return this.rooms.reduce((sum, { history }) => sum + history.answers, 0);
  }

  /** For a person. */
  get figures(): string {
    const events = this.rooms.reduce((sum, { history }) => sum + history.events.size, 0);
    const { answered: commands, returnsMs } = this;
    const at = (share: number): string =>
      `${Math.round(returnsMs[Math.floor((returnsMs.length - 1) * share)] ?? 0)} ms`;
    const returns = `${returnsMs.length} returns within ${at(0.5)} (half), ${at(0.99)} (99 %), ${at(1)} (all)`;
    return `${commands} commands, ${events} events, ${returns}:`;
  }

  /** Commands that were refused because the directory was away, and sent again. */
  get refusals(): number {
    return this.#all().reduce((sum, { member }) => sum + member.unavailable, 0);
  }

  /** How long the members were out of their rooms, each time, the shortest first. */
  get returnsMs(): number[] {
    return this.#all()
      .flatMap(({ member }) => member.returnsMs)
      .toSorted((one, other) => one - other);
  }

  /** `lost`: of each room, the numbers of the events that a crash took along. */
  differences(lost: ReadonlyMap<string, ReadonlySet<number>> = new Map()): string[] {
    return [
      ...this.troubles(),
      ...this.rooms.flatMap(({ history, guests }) =>
        history.differences(guests.length, lost.get(history.room)),
      ),
    ].slice(0, MOST_TOLD);
  }

  /** Members who were sent away for good, or came back too late to hear what they had missed. */
  troubles(): string[] {
    return this.#all().flatMap(({ member: { you, ended, resets } }) => [
      ...(ended ? [`${you} was told ${JSON.stringify(ended)}`] : []),
      ...(resets > 0 ? [`${you} missed something ${resets} times`] : []),
    ]);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    for (const { member } of this.#all()) member.disconnect();
  }

  #all(): PartyGuest[] {
    return this.rooms.flatMap(({ guests }) => guests);
  }
}

const MOST_TOLD = 20;

async function openRoom(directory: Directory, plays: boolean): Promise<CrowdRoom> {
  const room = randomUUID();
  const { host, port } = (await directory.locate(room)).owner;
  const names = Array.from({ length: ROOM_SIZE }, (_, index) => `guest-${index}`);
  const tokens = names.map((name) =>
    directory.issueSeat({ room, player: { id: randomUUID(), name } }, 60_000),
  );
  const seats = (await Promise.all(tokens)).map((token) => ({ host, port, token }));
  return fill({ room, seats }, plays);
}

async function fill({ room, seats }: GivenRoom, plays: boolean): Promise<CrowdRoom> {
  const history = new RoomHistory(room);
  const guests = seats.map((seat) => new PartyGuest({ seat, history, plays }));
  for (const { member } of guests) await member.join();
  return { history, guests };
}
