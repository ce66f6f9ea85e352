import { setTimeout as sleep } from 'node:timers/promises';
import { PartyMember, type PartyMessage, type PartySeat, waitUntil } from '@silly-face/testing';
import { FACES } from '../../src/game/faces.ts';
import type { Player } from '../soak/player.ts';

export interface TableSeat extends PartySeat {
  readonly room: string;
}

export interface TableOptions {
  readonly players: readonly Player[];
  /** Of the first of them. */
  readonly seat: TableSeat;
  /** Members leave a connection on which nothing is heard for so long. Else they wait until it ends. */
  readonly patienceMs?: number;
}

/** Players in one room of a party, who play as long as they may and write down what they are told. */
export class Table {
  readonly room: string;
  readonly members: PartyMember[] = [];
  /** Moves that were answered with what they came to. */
  readonly acknowledged: string[] = [];
  /** What each member was told, in order. */
  readonly told: PartyMessage[][] = [];
  readonly #options: TableOptions;
  readonly #end = new AbortController();
  #playing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #seq = 0;
  #shower = '';
  #choices: string[] = [];

  constructor(options: TableOptions) {
    this.#options = options;
    this.room = options.seat.room;
  }

  /** How many moves were answered. @throws why the play has ended */
  get moves(): number {
    if (this.#failure) throw this.#failure;
    return this.acknowledged.length;
  }

  get choices(): readonly string[] {
    return this.#choices;
  }

  /** How long the members were away, each time. */
  get returnsMs(): number[] {
    return this.members.flatMap(({ returnsMs }) => returnsMs);
  }

  async start(): Promise<void> {
    const { players, seat, patienceMs } = this.#options;
    for (const [index, player] of players.entries()) {
      const told: PartyMessage[] = [];
      this.told.push(told);
      const member = new PartyMember({
        seat: index === 0 ? seat : await seatOf(player, this.room),
        room: this.room,
        onEvent: (event) => {
          told.push(event);
          this.#see(event);
        },
        findRoom: () => seatOf(player, this.room),
        ...(patienceMs !== undefined && { patienceMs }),
      });
      this.members.push(member);
      await member.join();
    }
    this.#shower ||= this.members[0]?.you ?? '';
    this.#playing = this.#play().catch((error: Error) => void (this.#failure = error));
  }

  /** After the move that is under way, when all have heard of it. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#playing;
    if (this.#failure) throw this.#failure;
    const last = this.acknowledged.at(-1);
    const hasHeard = (events: PartyMessage[]): boolean => events.some(({ id }) => id === last);
    await waitUntil(() => this.told.every(hasHeard), { what: `the end of the play in ${this.room}` });
  }

  leave(): void {
    this.#end.abort();
    for (const member of this.members) member.disconnect();
  }

  async #play(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const { cmd, id = '', code } = await this.#move();
      await sleep(THINKING_MS);
      if (cmd !== 'ERROR') this.acknowledged.push(id);
      else if (!PASSING.has(code)) throw new Error(`${this.room}: the move was refused with ${String(code)}`);
    }
  }

  #move(): Promise<PartyMessage> {
    const [face] = this.#choices;
    const shower = this.members.find(({ you }) => you === this.#shower);
    const guesser = this.members.find(({ you }) => you !== this.#shower);
    if (face !== undefined && guesser) return guesser.send('GUESS', { face });
    if (!shower) throw new Error(`${this.room}: nobody of us has the turn`);
    return shower.send('SHOW', { face: FACES[this.acknowledged.length % FACES.length] });
  }

  #see({ cmd, seq = 0, shower, choices, face, right }: PartyMessage): void {
    if (seq <= this.#seq) return;
    this.#seq = seq;
    if (typeof shower === 'string') this.#shower = shower;
    if (cmd === 'SHOWN') this.#choices = choices as string[];
    else if (cmd === 'GUESSED' && right === false)
      this.#choices = this.#choices.filter((each) => each !== face);
    else if (cmd === 'GUESSED' || cmd === 'TURN') this.#choices = [];
  }
}

/** The host does not reach the directory; or, on a machine that is busy, a turn took too long. */
const PASSING: ReadonlySet<unknown> = new Set(['directory-unavailable', 'out-of-turn']);

/** Whoever sends more than twenty frames a second is taken for a flood. */
const THINKING_MS = 100;

/** In this room, or in a new one. */
export function seatOf(player: Player, room?: string): Promise<TableSeat> {
  return player.post<TableSeat>('/party/seats', { ...(room !== undefined && { room }) });
}
