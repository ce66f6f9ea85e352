import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Append,
  type Claim,
  type Directory,
  DirectoryError,
  type Hold,
  type Load,
  type LocateOptions,
  type LogEntry,
  type NewProcess,
  type PartyProcess,
  type Seat,
  type Snapshot,
} from '../../src/directory/directory.ts';
import { type KeptProcess, type KeptRoom, type MemoryStore, newRoom } from './memory-store.ts';

/** One process's way to the store. */
export class MemoryDirectory implements Directory {
  readonly #store: MemoryStore;
  /** Nothing arrives. */
  isDown = false;
  /** Calls while it was down. */
  refused = 0;
  /** All arrives, and no answer comes back. */
  losesAnswers = false;
  /** Of `append`. */
  trips = 0;
  /** Calls of `load` that wait for their answer. */
  waitingLoads = 0;
  #held: Promise<void> | undefined;
  #heldLoads: Promise<void> | undefined;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** No call of `append` is answered until the function that this returns is called. */
  holdAppends(): () => void {
    let go = (): void => {};
    this.#held = new Promise((resolve) => (go = resolve));
    return () => {
      this.#held = undefined;
      go();
    };
  }

  /** No call of `load` gets the answer that it has until the function that this returns is called. */
  holdLoads(): () => void {
    let go = (): void => {};
    this.#heldLoads = new Promise((resolve) => (go = resolve));
    return () => {
      this.#heldLoads = undefined;
      go();
    };
  }

  checkIn(process: NewProcess): Promise<void> {
    return this.#ask(() => {
      const { now, leaseMs, processes } = this.#store;
      const load = { rooms: 0, connections: 0, draining: false, startedAt: now };
      processes.set(process.id, { ...process, ...load, leaseEnd: now + leaseMs });
    });
  }

  heartbeat(id: string, load: Load): Promise<void> {
    return this.#ask(() => {
      const { now, leaseMs, processes } = this.#store;
      processes.set(id, { ...this.#living(id), ...load, leaseEnd: now + leaseMs });
    });
  }

  drain(id: string): Promise<void> {
    return this.#ask(() => {
      const process = this.#store.processes.get(id);
      if (process) this.#store.processes.set(id, { ...process, draining: true });
    });
  }

  expel(id: string): Promise<void> {
    return this.#ask(() => void this.#store.processes.delete(id));
  }

  processes(): Promise<PartyProcess[]> {
    return this.#ask(() => [...this.#store.processes.values()].filter(({ id }) => this.#store.alive(id)));
  }

  locate(name: string, { to, aboveFence = 0, mustExist }: LocateOptions = {}): Promise<Claim> {
    return this.#ask(() => {
      if (mustExist && !this.#store.rooms.has(name))
        throw new DirectoryError('no-room', `Locate room ${name}: there was none`);
      const room = this.#store.rooms.get(name) ?? newRoom();
      const owner = this.#store.alive(room.owner);
      if (owner && room.fence > aboveFence) return { room: name, fence: room.fence, owner };
      const [chosen] = [...this.#store.processes.values()]
        .filter(({ id, draining }) => this.#store.alive(id) && !draining && (to === undefined || id === to))
        .toSorted((one, other) => one.rooms - other.rooms);
      if (!chosen) throw new DirectoryError('no-process', `Locate room ${name}: no process takes it`);
      // Until its heartbeat says the same.
      this.#store.processes.set(chosen.id, { ...chosen, rooms: chosen.rooms + 1 });
      return this.#give(name, room, chosen, Math.max(room.fence, aboveFence) + 1);
    });
  }

  handOver(hold: Hold, to: string, snapshot: Snapshot): Promise<Claim> {
    return this.#ask(() => {
      const room = this.#owned(hold);
      const target = this.#living(to);
      if (target.draining) throw new DirectoryError('process-expired', `Hand over: ${to} drains`);
      keep(room, snapshot);
      return this.#give(hold.room, room, target, hold.fence + 1);
    });
  }

  release(hold: Hold, snapshot: Snapshot): Promise<void> {
    return this.#ask(() => {
      const room = this.#owned(hold);
      keep(room, snapshot);
      room.owner = undefined;
      room.fence += 1;
    });
  }

  close(hold: Hold): Promise<void> {
    return this.#ask(() => {
      const { fence } = this.#owned(hold);
      this.#store.rooms.set(hold.room, { ...newRoom(), fence: fence + 1 });
    });
  }

  async append(batch: readonly Append[]): Promise<('written' | 'fence-lost')[]> {
    this.trips += 1;
    await this.#held;
    return this.#ask(() =>
      batch.map((each) => {
        const room = this.#find(each);
        if (!room) return 'fence-lost';
        for (const { seq, event } of each.entries) room.log.set(seq, JSON.stringify(event));
        return 'written';
      }),
    );
  }

  saveSnapshot(hold: Hold, snapshot: Snapshot): Promise<void> {
    return this.#ask(() => keep(this.#owned(hold), snapshot));
  }

  replace(hold: Hold, snapshot: Snapshot): Promise<void> {
    return this.#ask(() => {
      const room = this.#owned(hold);
      room.log.clear();
      room.snapshot = JSON.stringify(snapshot);
    });
  }

  async load(hold: Hold): Promise<{ snapshot: Snapshot | undefined; log: LogEntry[] }> {
    const answer = await this.#ask(() => {
      const room = this.#owned(hold);
      const snapshot = room.snapshot === undefined ? undefined : (JSON.parse(room.snapshot) as Snapshot);
      const log = [...room.log].map(([seq, event]) => ({ seq, event: JSON.parse(event) as unknown }));
      const isNewer = ({ seq }: LogEntry): boolean => seq > (snapshot?.seq ?? -1);
      return { snapshot, log: log.filter(isNewer).toSorted((one, other) => one.seq - other.seq) };
    });
    this.waitingLoads += 1;
    await this.#heldLoads;
    this.waitingLoads -= 1;
    return answer;
  }

  issueSeat(seat: Seat, ttlMs: number): Promise<string> {
    return this.#ask(() => {
      const token = randomUUID();
      this.#store.seats.set(token, { seat, end: this.#store.now + ttlMs });
      return token;
    });
  }

  redeemSeat(token: string): Promise<Seat | undefined> {
    return this.#ask(() => {
      const kept = this.#store.seats.get(token);
      this.#store.seats.delete(token);
      return kept && kept.end > this.#store.now ? kept.seat : undefined;
    });
  }

  async disconnect(): Promise<void> {}

  async #ask<Answer>(question: () => Answer): Promise<Answer> {
    await turn();
    if (this.isDown) this.refused += 1;
    if (this.isDown) throw new DirectoryError('directory-unavailable', 'The directory is down');
    const answer = question();
    if (this.losesAnswers) throw new DirectoryError('directory-unavailable', 'The answer was lost');
    return answer;
  }

  #living(id: string): KeptProcess {
    const process = this.#store.alive(id);
    if (!process) throw new DirectoryError('process-expired', `The lease of ${id} is over`);
    return process;
  }

  #find({ room: name, fence, owner }: Hold): KeptRoom | undefined {
    const room = this.#store.rooms.get(name);
    return room?.fence === fence && room.owner === owner.id ? room : undefined;
  }

  #owned(hold: Hold): KeptRoom {
    const room = this.#find(hold);
    if (!room) throw new DirectoryError('fence-lost', `Room ${hold.room} is not at ${hold.fence}`);
    return room;
  }

  #give(name: string, room: KeptRoom, owner: PartyProcess, fence: number): Claim {
    this.#store.rooms.set(name, { ...room, owner: owner.id, fence });
    return { room: name, fence, owner };
  }
}

/** An older snapshot does not take the place of a newer one. */
function keep(room: KeptRoom, snapshot: Snapshot): void {
  if (room.snapshot === undefined || (JSON.parse(room.snapshot) as Snapshot).seq <= snapshot.seq)
    room.snapshot = JSON.stringify(snapshot);
  for (const seq of room.log.keys()) if (seq <= snapshot.seq) room.log.delete(seq);
}
