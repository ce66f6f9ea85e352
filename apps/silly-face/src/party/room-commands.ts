import { randomInt } from 'node:crypto';
import type { PartyCommand, RefusalCode } from '../game/party-moves.ts';
import type { CommandFrame } from './frames.ts';

/** What a member's frame asks of the rules. */
export function commandOf(frame: CommandFrame, by: string): PartyCommand {
  const at = Date.now();
  const { id } = frame;
  switch (frame.cmd) {
    case 'CHAT':
      return { type: 'chat', by, id, text: frame.text, at };
    case 'SHOW':
      return { type: 'show', by, id, face: frame.face, photo: frame.photo, seed: randomInt(2 ** 32), at };
    case 'GUESS':
      return { type: 'guess', by, id, face: frame.face, at };
    case 'LEAVE':
      break;
  }
  return { type: 'leave', by, id, reason: 'wish', at };
}

export const REASONS: Readonly<Record<RefusalCode | 'directory-unavailable', string>> = {
  'already-applied': 'This command has come to effect before',
  'already-guessed': 'Somebody has guessed this face before',
  'bad-text': 'Expected a text of 1 to 1000 characters without control characters',
  'name-taken': 'Somebody of this name is in the room',
  'not-a-choice': 'This face is not among the choices',
  'not-a-member': 'You are not in this room',
  'out-of-turn': 'It is not your turn to do this',
  'room-full': 'The room is full',
  'unknown-face': 'There is no such face',
  'directory-unavailable': 'The rooms cannot be kept at the moment; try again soon',
};
