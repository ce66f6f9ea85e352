import { type Directory, DirectoryError, type Hold } from '../directory/directory.ts';
import type { PartyLog } from './log.ts';
import type { Room } from './room.ts';
import { snapshotOf } from './room-state.ts';

/** Saves rooms whose logs have grown long, few at a time. One that fails is tried again when its log has grown further. */
export class SnapshotWriter {
  readonly #directory: Directory;
  readonly #owner: Hold['owner'];
  readonly #log: PartyLog;
  readonly #waiting = new Set<Room>();
  readonly #saving = new Map<Room, Promise<void>>();

  constructor(directory: Directory, owner: Hold['owner'], log: PartyLog) {
    this.#directory = directory;
    this.#owner = owner;
    this.#log = log;
  }

  add(room: Room): void {
    if (this.#saving.has(room)) return;
    this.#waiting.add(room);
    this.#next();
  }

  async stop(): Promise<void> {
    this.#waiting.clear();
    await Promise.all(this.#saving.values());
  }

  #next(): void {
    for (const room of this.#waiting) {
      if (this.#saving.size >= MOST_AT_A_TIME) return;
      this.#waiting.delete(room);
      if (room.phase !== 'open') continue;
      const saving = this.#save(room).finally(() => {
        this.#saving.delete(room);
        this.#next();
      });
      this.#saving.set(room, saving);
    }
  }

  async #save(room: Room): Promise<void> {
    const { fence, state } = room;
    try {
      await this.#directory.saveSnapshot({ room: room.name, fence, owner: this.#owner }, snapshotOf(state));
      if (room.phase === 'open' && room.fence === fence) room.saved(state.seq);
    } catch (error) {
      if (error instanceof DirectoryError && error.code === 'fence-lost') room.overtaken();
      else this.#log.warn({ err: error, room: room.name }, 'the room was not saved');
    }
  }
}

const MOST_AT_A_TIME = 4;
