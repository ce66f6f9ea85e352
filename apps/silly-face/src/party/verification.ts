import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, type Claim, DirectoryError, type Snapshot } from '../directory/directory.ts';
import { eachAtMost } from './each-at-most.ts';
import { moveMembers } from './move.ts';
import type { Room } from './room.ts';
import { snapshotOf } from './room-state.ts';
import type { Rooms } from './rooms.ts';

/**
 * Finds out whether rooms are still ours, after their fence was refused or our lease was over. Until it is known they do nothing.
 * Those that nobody took go on, also when the directory has lost its memory; members of the others are sent to where they are.
 */
export class Verification {
  readonly #rooms: Rooms;
  /** Rises with each new lease: what was found out under an earlier one does not count. */
  #lease = 0;
  #isStopped = false;
  /** Whose place was somebody's who knew nothing of the room: what that one wrote is to go. */
  readonly #takenBack = new WeakSet<Room>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  stop(): void {
    this.#isStopped = true;
  }

  all(rooms: Iterable<Room>): void {
    this.#lease += 1;
    const doubted = [...rooms].filter((room) => this.#doubt(room));
    void eachAtMost(MOST_AT_A_TIME, doubted, (room) => this.#verify(room));
  }

  one(room: Room): void {
    if (this.#doubt(room)) void this.#verify(room);
  }

  /** False for those that leave, and for those that are being verified: that begins anew by itself. */
  #doubt(room: Room): boolean {
    if (room.phase !== 'open') return false;
    room.phase = 'doubtful';
    return true;
  }

  async #verify(room: Room): Promise<void> {
    const { words } = this.#rooms;
    while (!this.#isStopped) {
      const lease = this.#lease;
      try {
        const owner = await this.#findOwner(room);
        if (lease !== this.#lease) continue;
        if (owner === 'us') this.#goOn(room);
        else this.#giveUp(room, owner);
        return;
      } catch (error) {
        if (!(error instanceof DirectoryError)) words.error({ err: error, room: room.name }, 'whose room?');
        await sleep(AGAIN_MS);
      }
    }
  }

  async #findOwner(room: Room): Promise<'us' | Address> {
    const { directory, process, isDraining } = this.#rooms;
    const claim = await directory.locate(room.name, {
      aboveFence: room.fence - 1,
      ...(!isDraining && { to: process.id }),
    });
    if (claim.owner.id !== process.id) {
      if (claim.fence > room.fence || isDraining || !hasMembers(room)) return claim.owner;
      // Nobody takes a room without a higher fence: who has ours got it from a directory that had forgotten the room, as if it were
      // new. It goes on with us. An answer that is lost is asked for with the same fence again.
      room.fence += 1;
      this.#takenBack.add(room);
      return this.#findOwner(room);
    }
    if (claim.fence !== room.fence) {
      // Somebody had it meanwhile, and what that one wrote counts; or the directory knows nothing, and what we know does.
      const { snapshot, log } = await directory.load(claim);
      if (snapshot || log.length > 0) return process;
    }
    const snapshot: Snapshot = snapshotOf(room.state);
    if (this.#takenBack.has(room)) await this.#replace(room, claim, snapshot);
    else await directory.saveSnapshot(claim, snapshot);
    room.fence = claim.fence;
    this.#rooms.log.forget(room);
    room.saved(snapshot.seq);
    return 'us';
  }

  /** What somebody has written who knew nothing of the room may have higher numbers, and goes as well. */
  async #replace(room: Room, claim: Claim, snapshot: Snapshot): Promise<void> {
    try {
      await this.#rooms.directory.replace(claim, snapshot);
      this.#takenBack.delete(room);
    } catch (error) {
      // It may arrive yet, when we have gone on: by then its fence is one of before.
      room.fence = claim.fence + 1;
      throw error;
    }
  }

  #goOn(room: Room): void {
    room.phase = 'open';
    this.#rooms.words.info({ room: room.name, fence: room.fence }, 'the room is still ours');
  }

  #giveUp(room: Room, owner: Address): void {
    const { metrics, words } = this.#rooms;
    metrics.lost += 1;
    words.warn({ room: room.name, owner }, 'somebody else has the room');
    // Before the members go: nothing of it may be found here when they come back.
    this.#rooms.remove(room);
    moveMembers(room, owner);
  }
}

/** Some that are kept. One whose joining is not may have come to a room that was rightly forgotten. */
function hasMembers({ seats }: Room): boolean {
  return seats.connections.length + seats.absent > 0;
}

const MOST_AT_A_TIME = 32;
const AGAIN_MS = 100;
