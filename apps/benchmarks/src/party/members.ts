// Many members in one process, as an app would have them, who take the times.
//
//   node members.js
//
// To each MembersOrder it answers when it is done, with a MembersReport to those that want one.
import { PartyMember } from '@silly-face/testing';
import { inRhythm } from './rhythm.ts';
import type { MembersOrder, MembersReport, Seat } from './settings.ts';

const rooms = new Map<string, PartyMember[]>();

process.on('message', (order: MembersOrder) => void obey(order).then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());

async function obey(order: MembersOrder): Promise<MembersReport | 'done'> {
  if ('report' in order) return report();
  if ('enter' in order) await Promise.all(share(order.enter, 16).map(enter));
  else void talk(order.talkEveryMs);
  return 'done';
}

async function enter(seats: Seat[]): Promise<void> {
  for (const seat of seats) {
    const member = new PartyMember({ seat, room: seat.room });
    await member.join();
    rooms.set(seat.room, [...(rooms.get(seat.room) ?? []), member]);
  }
}

async function talk(everyMs: number): Promise<void> {
  const members = [...rooms.values()].flat();
  await inRhythm(members, { everyMs }, (member) => {
    void member.send('CHAT', { text: 'The one with the teapot on its head, I would say' });
  });
}

function report(): MembersReport {
  const missing = [...rooms.values()].flat().filter(({ isIn, returnsMs }) => !isIn || returnsMs.length === 0);
  const returns = [...rooms.values()].map((members) =>
    members.flatMap(({ returnsMs }) => returnsMs.splice(0)),
  );
  return {
    returnsMs: returns.flat(),
    roomReturnsMs: returns.flatMap((times) => (times.length > 0 ? Math.max(...times) : [])),
    missing: missing.length,
  };
}

function share<Item>(items: readonly Item[], parts: number): Item[][] {
  const size = Math.ceil(items.length / parts);
  return Array.from({ length: parts }, (_, index) => items.slice(index * size, (index + 1) * size));
}
