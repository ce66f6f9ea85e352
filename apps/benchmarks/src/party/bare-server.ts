import { createServer, type Server, type Socket } from 'node:net';
import { ROOM_SIZE } from './settings.ts';

/** Every line goes to all of a room, as it is. Who comes fills the room that is not full: nothing is checked, nothing is limited. */
export function bareServer(): Server {
  let room: Socket[] = [];
  return createServer({ noDelay: true }, (socket) => {
    if (room.length === ROOM_SIZE) room = [];
    const members = room;
    members.push(socket);
    let partial = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) for (const member of members) member.write(`${line}\n`);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      members.length = 0; // The clients of a room come and go together.
      if (room === members) room = [];
    });
  });
}
