import { setTimeout as sleep } from 'node:timers/promises';
import { DirectoryError, type Seat } from '../directory/directory.ts';
import type { PartyConnection, PartyHandler } from './connection.ts';
import type { AuthFrame, CommandFrame, ResumeAuth } from './frames.ts';
import { moveFrame, moveOne } from './move.ts';
import { Room } from './room.ts';
import { REASONS } from './room-commands.ts';
import type { Rooms } from './rooms.ts';

interface Place {
  readonly room: Room;
  readonly member: string;
}

/** Brings connections into their rooms, and their commands after them. */
export class RoomsHandler implements PartyHandler {
  readonly #rooms: Rooms;
  readonly #places = new Map<PartyConnection, Place>();
  /** Whose AUTH waits for the directory, which has failed it. */
  readonly #unanswered = new Set<PartyConnection>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async auth(connection: PartyConnection, frame: AuthFrame): Promise<void> {
    const isResume = 'resume' in frame;
    const seat = isResume ? undefined : await this.#redeem(connection, frame.token);
    if (!isResume && !seat) return;
    const name = seat?.room ?? (frame as ResumeAuth).room;
    // The edge ends a connection that waits for too long.
    while (connection.open) {
      try {
        const opened = await this.#rooms.open(name, { mustExist: isResume });
        if (!(opened instanceof Room)) {
          moveOne(connection, moveFrame(name, opened, seat && (await this.#seatAgain(seat))));
          return;
        }
        const isDone = seat
          ? await this.#join(connection, opened, seat)
          : this.#resume(connection, opened, frame as ResumeAuth);
        if (isDone) return;
      } catch (error) {
        if (!(error instanceof DirectoryError)) throw error;
        // Whoever has a seat may have asked together with whoever asked in vain.
        if (error.code === 'no-room' && isResume) return refuse(connection);
      }
      await this.#waitForDirectory(connection);
    }
  }

  overdue(connection: PartyConnection): void {
    if (this.#unanswered.has(connection))
      connection.bye('directory-unavailable', 'It cannot be found out where the room is; come again');
  }

  command(connection: PartyConnection, frame: CommandFrame): void {
    const place = this.#places.get(connection);
    place?.room.command(place.member, connection, frame);
  }

  closed(connection: PartyConnection): void {
    this.#unanswered.delete(connection);
    const place = this.#places.get(connection);
    if (!place) return;
    this.#places.delete(connection);
    this.#rooms.metrics.connections = this.#places.size;
    place.room.detach(place.member, connection);
  }

  /** Undefined when the connection was ended for it. */
  async #redeem(connection: PartyConnection, token: string): Promise<Seat | undefined> {
    while (connection.open) {
      try {
        const seat = await this.#rooms.directory.redeemSeat(token);
        this.#unanswered.delete(connection);
        if (!seat) connection.bye('bad-token', 'This seat was taken before, or never given; ask for another');
        return seat;
      } catch (error) {
        if (!(error instanceof DirectoryError)) throw error;
        await this.#waitForDirectory(connection);
      }
    }
    return undefined;
  }

  async #waitForDirectory(connection: PartyConnection): Promise<void> {
    if (connection.open) this.#unanswered.add(connection);
    await sleep(AGAIN_MS);
  }

  #seatAgain({ room, player }: Seat): Promise<string> {
    return this.#rooms.directory.issueSeat({ room, player }, this.#rooms.settings.seatMs);
  }

  async #join(connection: PartyConnection, room: Room, { player }: Seat): Promise<boolean> {
    const joined = await room.join(connection, player);
    if (joined === 'gone') return false;
    if (joined === 'joined') this.#settle(connection, room, player.id);
    else connection.bye(joined, REASONS[joined]);
    return true;
  }

  #resume(connection: PartyConnection, room: Room, { resume, after }: ResumeAuth): boolean {
    if (!room.acts) return false;
    const member = room.resume(connection, resume, after);
    if (member !== undefined) this.#settle(connection, room, member);
    else {
      refuse(connection);
      room.expectNobody();
    }
    return true;
  }

  #settle(connection: PartyConnection, room: Room, member: string): void {
    if (!connection.open) return;
    this.#unanswered.delete(connection);
    this.#places.set(connection, { room, member });
    this.#rooms.metrics.connections = this.#places.size;
    connection.authenticated();
  }
}

function refuse(connection: PartyConnection): void {
  connection.bye('bad-token', 'This token brings nobody back into the room; ask for a seat');
}

const AGAIN_MS = 100;
