import type { Directory, NewProcess, PartyProcess } from '../directory/directory.ts';

/**
 * Who gets the rooms of a process that goes: its successor at the same address, which clients reach without looking it up and
 * which will not go soon; else one that started later; else any. Among equals the one with the fewest connections.
 */
export class DrainTargets {
  readonly #directory: Directory;
  readonly #leaving: NewProcess;
  #asked: Promise<PartyProcess[]> | undefined;
  readonly #given = new Map<string, number>();

  constructor(directory: Directory, leaving: NewProcess) {
    this.#directory = directory;
    this.#leaving = leaving;
  }

  /** Undefined when there is nobody else. The connections of the room count from now on as those of who was chosen. */
  async choose(connections: number): Promise<PartyProcess | undefined> {
    const candidates = await (this.#asked ??= this.#ask());
    const [chosen] = candidates.toSorted((one, other) => this.#loadOf(one) - this.#loadOf(other));
    if (chosen) this.#given.set(chosen.id, (this.#given.get(chosen.id) ?? 0) + connections);
    return chosen;
  }

  /** One of them has gone: they are looked up anew. */
  forget(): void {
    this.#asked = undefined;
  }

  #loadOf({ id, connections }: PartyProcess): number {
    return connections + (this.#given.get(id) ?? 0);
  }

  async #ask(): Promise<PartyProcess[]> {
    try {
      const all = await this.#directory.processes();
      const self = all.find(({ id }) => id === this.#leaving.id);
      const others = all.filter(({ id, draining }) => id !== this.#leaving.id && !draining);
      const successors = others.filter(
        ({ host, port }) => host === this.#leaving.host && port === this.#leaving.port,
      );
      const later = others.filter(({ startedAt }) => self && startedAt > self.startedAt);
      return [successors, later, others].find(({ length }) => length > 0) ?? [];
    } catch (error) {
      this.#asked = undefined;
      throw error;
    }
  }
}
