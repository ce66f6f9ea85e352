import type { MemoryStore } from './memory-store.ts';
import { type PartyProcess, type PartyProcessOptions, startPartyProcess } from './party-process.ts';
import { Player } from './player.ts';

/** Processes and players of one test, all of which end with it. */
export class Party {
  readonly store: MemoryStore;
  readonly #processes: PartyProcess[] = [];
  readonly #players: Player[] = [];

  constructor(store: MemoryStore) {
    this.store = store;
  }

  async start(options?: PartyProcessOptions): Promise<PartyProcess> {
    const process = await startPartyProcess(this.store, options);
    this.#processes.push(process);
    return process;
  }

  add(player: Player): Player {
    this.#players.push(player);
    return player;
  }

  async join(process: PartyProcess, name: string, room = 'room'): Promise<Player> {
    const seat = await process.seat(room, name);
    const player = this.add(new Player(process.address, seat));
    await player.hears('WELCOME');
    return player;
  }

  /** One after the other, in this order. */
  async joinAll<Names extends string[]>(
    process: PartyProcess,
    names: readonly [...Names],
    room = 'room',
  ): Promise<{ [Each in keyof Names]: Player }> {
    const players: Player[] = [];
    for (const name of names) players.push(await this.join(process, name, room));
    return players as { [Each in keyof Names]: Player };
  }

  async end(): Promise<void> {
    await Promise.all(this.#players.map((player) => player.end()));
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }
}
