import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, type Directory, DirectoryError } from '../directory/directory.ts';
import { DrainPace } from './drain-pace.ts';
import { DrainTargets } from './drain-targets.ts';
import { moveMembers } from './move.ts';
import type { Room } from './room.ts';
import { snapshotOf } from './room-state.ts';
import type { Rooms } from './rooms.ts';

/**
 * Gives each room, with all that happened in it, to another process, and sends its members after it; resolves when none is left.
 * Once the signal is aborted, what is left is left to the log. Call it when no more connections are accepted.
 */
export async function drainRooms(rooms: Rooms, signal: AbortSignal): Promise<void> {
  rooms.isDraining = true;
  const targets = new DrainTargets(rooms.directory, rooms.process);
  const pace = new DrainPace();
  await insist(() => rooms.directory.drain(rooms.process.id), signal);
  // One may still be opened by who was accepted before, and one whose owner is in doubt waits until that is known.
  while (!rooms.isEmpty && !signal.aborted) {
    const movable = [...rooms].filter(({ phase }) => phase === 'open');
    if (movable.length === 0) await sleep(AGAIN_MS);
    for (const share of pace.shares(movable)) {
      const owners = await Promise.all(share.map((room) => moveRoom(rooms, targets, room, signal)));
      await pace.follow(owners.filter((owner) => owner !== undefined));
    }
  }
  for (const room of rooms) abandon(rooms, room);
}

/** Where its members were sent; undefined when they were sent nowhere. */
async function moveRoom(
  rooms: Rooms,
  targets: DrainTargets,
  room: Room,
  signal: AbortSignal,
): Promise<Address | undefined> {
  if (room.phase !== 'open') return undefined;
  room.phase = 'leaving';
  let owner: Address | 'nobody' | undefined;
  try {
    owner = await insist(() => giveAway(rooms, targets, room), signal);
  } catch (error) {
    // The other rooms are not kept back by one that the directory does not take.
    rooms.words.error({ err: error, room: room.name }, 'the room cannot be handed over');
    abandon(rooms, room);
  }
  if (owner === undefined) return undefined;
  // Before the members go: nothing of it may be found here by those who come back to the same address.
  rooms.remove(room);
  const to = owner === 'nobody' ? undefined : owner;
  moveMembers(room, to);
  return to;
}

/** @throws {DirectoryError} when it is worth another attempt */
async function giveAway(rooms: Rooms, targets: DrainTargets, room: Room): Promise<Address | 'nobody'> {
  const { directory, metrics } = rooms;
  const target = await targets.choose(room.seats.connections.length);
  const snapshot = snapshotOf(room.state, room.fence + 1);
  try {
    if (target) await directory.handOver(rooms.holdOf(room), target.id, snapshot);
    else await directory.release(rooms.holdOf(room), snapshot);
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    if (error.code === 'process-expired') targets.forget();
    if (error.code !== 'fence-lost') throw error;
    // Somebody has taken it; or the answer to an attempt before was lost, and the target has it.
    return whoHas(directory, room);
  }
  metrics.moves += 1;
  // What was not told yet is kept now.
  room.saved(snapshot.seq);
  return target ?? 'nobody';
}

async function whoHas(directory: Directory, room: Room): Promise<Address | 'nobody'> {
  try {
    return (await directory.locate(room.name)).owner;
  } catch (error) {
    if (error instanceof DirectoryError && error.code === 'no-process') return 'nobody';
    throw error;
  }
}

/** Again and again while the directory does not answer; undefined when the time is over. */
async function insist<Result>(
  attempt: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result | undefined> {
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      await sleep(AGAIN_MS);
    }
  }
  return undefined;
}

function abandon(rooms: Rooms, room: Room): void {
  rooms.words.error({ room: room.name }, 'the room was not handed over in time');
  for (const connection of room.seats.connections)
    connection.bye('directory-unavailable', 'The room could not be handed over; it comes back from its log');
  rooms.remove(room);
}

const AGAIN_MS = 50;
