import type { PartyProcess, Seat } from '../../src/directory/directory.ts';

export interface KeptProcess extends PartyProcess {
  readonly leaseEnd: number;
}

export interface KeptRoom {
  fence: number;
  owner: string | undefined;
  snapshot: string | undefined;
  readonly log: Map<number, string>;
}

export function newRoom(): KeptRoom {
  return { fence: 0, owner: undefined, snapshot: undefined, log: new Map() };
}

/** What all processes share: the store behind their directories, with a clock that a test moves. */
export class MemoryStore {
  readonly processes = new Map<string, KeptProcess>();
  readonly rooms = new Map<string, KeptRoom>();
  readonly seats = new Map<string, { readonly seat: Seat; readonly end: number }>();
  readonly leaseMs: number;
  #aheadMs = 0;

  /** No lease ends by itself, however busy the machine is, unless the test says so. */
  constructor({ leaseMs = 120_000 }: { leaseMs?: number } = {}) {
    this.leaseMs = leaseMs;
  }

  get now(): number {
    return Date.now() + this.#aheadMs;
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }

  /** All that it knew is gone, as with a Redis that kept nothing on disk. */
  forget(): void {
    for (const all of [this.processes, this.rooms, this.seats]) all.clear();
  }

  alive(id: string | undefined): KeptProcess | undefined {
    const process = id === undefined ? undefined : this.processes.get(id);
    return process && process.leaseEnd > this.now ? process : undefined;
  }
}
