import { checkEqual } from '../checks/check.ts';
import { pick } from '../drawing/random.ts';
import type { Round } from '../http/contract.ts';
import type { Seat } from './seat.ts';

/** Taunts the opponent, and looks whether the round shows it. */
export async function taunt(seat: Seat, round: Round): Promise<void> {
  const { game, journal, memory, random } = seat;
  const text = pick(random, TAUNTS);
  const answer = await game.taunt(round.id, text);
  journal.say(`taunts: "${text}"`);
  checkEqual('taunt-differs', 'the text of the taunt', answer.taunt.text, text, answer.request);
  checkEqual('taunt-differs', 'who taunts', answer.taunt.playerId, memory.me.id, answer.request);
  const after = await game.round(round.id);
  memory.seeRound(after);
  const shown = after.taunts.find(({ id }) => id === answer.taunt.id);
  checkEqual('taunt-missing', 'the taunt in the round', shown, answer.taunt, after.request);
}

const TAUNTS = [
  'My grandmother pulls that face in her sleep.',
  'I have seen sillier faces on a coin.',
  'Was that a face, or did you sneeze?',
  'My toaster makes a better one. Daily.',
  'Next time use both eyebrows.',
  'Guessed it with one lens fogged up!',
  'You call that silly? My tax form is sillier.',
  'I would recognise that chin in a thunderstorm.',
  'Somewhere a village misses its gargoyle.',
  'Polishing my monocles now. All of them.',
] as const;
