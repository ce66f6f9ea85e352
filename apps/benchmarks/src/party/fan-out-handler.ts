import type { PartyConnection, PartyHandler } from '@silly-face/backend/dist/party/connection.js';
import { encode } from '@silly-face/backend/dist/party/encoded.js';
import type { AuthFrame, CommandFrame } from '@silly-face/backend/dist/party/frames.js';
import { ROOM_SIZE } from './settings.ts';

interface Room {
  readonly members: PartyConnection[];
  seq: number;
}

/** The least that can be behind the edge: rooms in memory that pass on what is said. Any token gets in. */
export class FanOutHandler implements PartyHandler {
  readonly #rooms = new Map<PartyConnection, Room>();
  #newest: Room = { members: [], seq: 0 };

  auth(connection: PartyConnection, frame: AuthFrame): void {
    if (this.#newest.members.length === ROOM_SIZE) this.#newest = { members: [], seq: 0 };
    this.#newest.members.push(connection);
    this.#rooms.set(connection, this.#newest);
    const you = String(connection.id);
    connection.send(encode({ cmd: 'WELCOME', room: frame.cmd, you, resume: you, seq: 0, state: {} }));
    connection.authenticated();
  }

  command(connection: PartyConnection, frame: CommandFrame): void {
    const room = this.#rooms.get(connection);
    if (room === undefined || frame.cmd !== 'CHAT') return;
    const event = encode({ ...frame, seq: (room.seq += 1), by: String(connection.id) });
    for (const member of room.members) member.send(event);
  }

  closed(connection: PartyConnection): void {
    const room = this.#rooms.get(connection);
    this.#rooms.delete(connection);
    if (room === undefined) return;
    room.members.length = 0; // The clients of a room come and go together.
    if (this.#newest === room) this.#newest = { members: [], seq: 0 };
  }
}
