import type { Address } from '../directory/directory.ts';
import type { PartyConnection } from './connection.ts';
import { encode, type Encoded } from './encoded.ts';
import type { Room } from './room.ts';

/** Sends a room's members to where it goes on; to nowhere in particular when nobody knows. */
export function moveMembers(room: Room, to: Address | undefined): void {
  const frame = to && moveFrame(room.name, to);
  for (const connection of room.seats.connections) {
    if (frame) moveOne(connection, frame);
    else connection.bye('shutting-down', 'The room goes on elsewhere; ask for a seat');
  }
}

export function moveOne(connection: PartyConnection, frame: Encoded): void {
  connection.send(frame);
  connection.end();
}

/** `token`: the seat, for who has not been in the room yet. */
export function moveFrame(room: string, { host, port, webSocketUrl }: Address, token?: string): Encoded {
  return encode({ cmd: 'MOVE', room, host, port, webSocketUrl, ...(token !== undefined && { token }) });
}
