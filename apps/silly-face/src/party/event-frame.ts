import type { Party } from '../game/party.ts';
import type { PartyEvent } from '../game/party-moves.ts';
import type { EventFrame } from './frames.ts';

/** How the members hear of an event that made `after` of `before`. What they must not know yet, such as the face, is not in it. */
export function eventFrame(event: PartyEvent, seq: number, before: Party, after: Party): EventFrame {
  const { by, id, at } = event;
  switch (event.type) {
    case 'chat':
      return { cmd: 'CHAT', seq, by, id, text: event.text, at };
    case 'join':
      return { cmd: 'JOINED', seq, by, name: event.name, ...turnOf(after), at };
    case 'leave':
      return { cmd: 'LEFT', seq, by, id, reason: event.reason, ...turnOf(after), at };
    case 'show':
      return { cmd: 'SHOWN', seq, by, id, photo: event.photo, choices: event.choices, turn: after.turn, at };
    case 'guess':
      return event.award
        ? {
            cmd: 'GUESSED',
            seq,
            by,
            id,
            face: event.face,
            right: true,
            award: event.award,
            ...turnOf(after),
            at,
          }
        : { cmd: 'GUESSED', seq, by, id, face: event.face, right: false, at };
    case 'pass':
      break;
  }
  return { cmd: 'TURN', seq, ...turnOf(after), late: by, face: before.shown?.face, at };
}

/** The room as this member may see it, and who of the others is away. */
export function viewOf(party: Party, member: string, away: readonly string[]): object {
  const { shown, shower } = party;
  return {
    members: party.members.map(({ id, name, score }) => ({ id, name, score })),
    away,
    ...turnOf(party),
    since: party.since,
    shown: shown && {
      choices: shown.choices,
      photo: shown.photo,
      wrong: shown.wrong,
      face: shower === member ? shown.face : undefined,
    },
  };
}

function turnOf({ turn, shower }: Party): { turn: number; shower: string | undefined } {
  return { turn, shower };
}
