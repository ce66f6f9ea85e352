import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Address,
  type Directory,
  DirectoryError,
  type Hold,
  type NewProcess,
} from '../directory/directory.ts';
import { Lease } from './lease.ts';
import type { PartyLog } from './log.ts';
import { newMetrics } from './metrics.ts';
import { readRoomOptions, type RoomOptions, type RoomSettings } from './options.ts';
import { Room, type RoomHost } from './room.ts';
import { RoomLog } from './room-log.ts';
import { restoreRoom, snapshotOf } from './room-state.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { Turns } from '../turns.ts';
import { Verification } from './verification.ts';

export interface RoomsOptions extends RoomOptions {
  readonly directory: Directory;
  /** Of this run of the process. */
  readonly id: string;
  /** Where its clients reach it; asked when it listens. */
  readonly address: () => Address;
  readonly log: PartyLog;
}

/** Here, or at another address. */
export type Opened = Room | Address;

/** The rooms that this process has. They are opened when their first member comes, and stay until they are empty or moved. */
export class Rooms implements RoomHost {
  readonly directory: Directory;
  readonly settings: RoomSettings;
  readonly lease: Lease;
  readonly log: RoomLog;
  readonly metrics = newMetrics();
  readonly words: PartyLog;
  readonly #findProcess: () => NewProcess;
  #process: NewProcess | undefined;
  /** No room is taken any more, and those that are here go. */
  isDraining = false;
  readonly #rooms = new Map<string, Room>();
  readonly #opening = new Map<string, Promise<Opened>>();
  readonly #finding = new Turns(MOST_FOUND);
  readonly #snapshots: SnapshotWriter;
  readonly #verification: Verification;
  #ticking: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor({ directory, id, address, log, ...options }: RoomsOptions) {
    this.directory = directory;
    this.#findProcess = () => ({ id, ...address() });
    this.words = log;
    this.settings = readRoomOptions(options);
    this.log = new RoomLog({ directory, owner: { id }, chatLogMs: this.settings.chatLogMs, log });
    this.#snapshots = new SnapshotWriter(directory, { id }, log);
    this.#verification = new Verification(this);
    this.lease = new Lease({
      ...this.settings,
      directory,
      process: () => this.process,
      log,
      isDraining: () => this.isDraining,
      load: () => ({ rooms: this.#rooms.size, connections: this.metrics.connections }),
      onRenewed: () => this.#verification.all(this.#rooms.values()),
    });
  }

  /** As the directory knows it, also when it listens no more. */
  get process(): NewProcess {
    return (this.#process ??= this.#findProcess());
  }

  /** Once it listens. @throws {DirectoryError} when the directory does not take this process */
  async start(): Promise<void> {
    await this.lease.start();
    if (this.#isStopped) return;
    this.#ticking = setInterval(() => this.#tick(), this.settings.tickMs);
  }

  /** Nothing is under way afterwards. What was not told to be kept is lost, as in a crash: drain before. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#ticking);
    this.#verification.stop();
    await Promise.all([this.lease.stop(), this.log.stop(), this.#snapshots.stop()]);
  }

  [Symbol.iterator](): Iterator<Room> {
    return this.#rooms.values();
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** Neither has a room nor is about to have one. */
  get isEmpty(): boolean {
    return this.#rooms.size + this.#opening.size === 0;
  }

  /**
   * One that another process at our own address has is waited for: it is being replaced by us. `mustExist`: it is not made.
   *
   * @throws {DirectoryError}
   */
  open(name: string, { mustExist = false } = {}): Opened | Promise<Opened> {
    const local = this.#rooms.get(name);
    if (local?.phase === 'open') return local;
    const earlier = this.#opening.get(name);
    if (earlier) return earlier;
    const opening = this.#open(name, mustExist).finally(() => this.#opening.delete(name));
    this.#opening.set(name, opening);
    return opening;
  }

  async #open(name: string, mustExist: boolean): Promise<Opened> {
    const until = performance.now() + this.settings.openMs;
    do {
      const local = this.#rooms.get(name);
      if (local?.phase === 'open') return local;
      const found = local ? undefined : await this.#finding.take(() => this.#find(name, mustExist));
      if (found) return found;
      await sleep(OPEN_AGAIN_MS);
    } while (performance.now() < until);
    throw new DirectoryError('directory-unavailable', `Open room ${name}: it was not free in time`);
  }

  async #find(name: string, mustExist: boolean): Promise<Opened | undefined> {
    const { id } = this.process;
    const { term } = this.lease;
    const claim = await this.directory.locate(name, { mustExist, ...(!this.isDraining && { to: id }) });
    const { owner, fence } = claim;
    if (owner.id !== id) return this.#isAwaited(owner) ? undefined : owner;
    const state = restoreRoom(await this.directory.load(claim), fence, this.settings.recentEvents);
    if (state.hasGap) await this.directory.saveSnapshot(claim, snapshotOf(state));
    // What the directory said may have lost its meaning on the way, also when a new lease has begun meanwhile.
    if (!this.lease.held || this.lease.term !== term) return undefined;
    const room = new Room(name, fence, state, this);
    this.#rooms.set(name, room);
    this.metrics.rooms = this.#rooms.size;
    return room;
  }

  #isAwaited({ host, port }: Address): boolean {
    return !this.isDraining && host === this.process.host && port === this.process.port;
  }

  /** The room is no longer here. */
  remove(room: Room): void {
    room.gone();
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
    this.metrics.rooms = this.#rooms.size;
  }

  /** What this process shows to write to the room. */
  holdOf({ name, fence }: Room): Hold {
    return { room: name, fence, owner: this.process };
  }

  onLongLog(room: Room): void {
    this.#snapshots.add(room);
  }

  onOvertaken(room: Room): void {
    this.#verification.one(room);
  }

  #tick(): void {
    for (const room of this.#rooms.values()) {
      room.tick();
      if (room.phase === 'open' && this.lease.held && room.isEmptyFor(this.settings.closeEmptyMs))
        void this.#close(room);
    }
  }

  async #close(room: Room): Promise<void> {
    room.phase = 'leaving';
    try {
      await this.directory.close(this.holdOf(room));
    } catch (error) {
      if (!(error instanceof DirectoryError) || error.code !== 'fence-lost') {
        this.words.warn({ err: error, room: room.name }, 'the empty room was not closed');
        room.emptied();
        room.phase = 'open';
        return;
      }
    }
    this.remove(room);
  }
}

const OPEN_AGAIN_MS = 50;
/** When hundreds are opened at once, as after a crash, the first are there soon, and none comes to the directory's time limit. */
const MOST_FOUND = 8;
