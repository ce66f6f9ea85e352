import type { Said } from '../http/answer.ts';
import type { LastTurn, Round } from '../http/contract.ts';
import { check, checkEqual } from './check.ts';

/** Each way of a round through its states, as one of its players sees it: a place and a role for every state. */
const STATES = {
  SUBMITTING: { half: 0, submits: true },
  WAITING_GUESS: { half: 1, submits: true },
  WAITING_SUBMIT: { half: 0, submits: false },
  GUESSING: { half: 1, submits: false },
} as const;

/** Whether a round says one thing with all its fields. @throws {ViolatedCheck} */
export function checkCoherence(round: Said<Round>, myId: string): void {
  const { state, turn, choices, wrongGuesses, photoUrl, lastTurn, request } = round;
  const { half, submits } = STATES[state];
  const opponentId = round.opponent.id;
  check(opponentId !== myId, 'opponent-wrong', 'Expected the opponent to be another player', request);
  checkEqual(
    'photo-url-wrong',
    `whether there is a photo in ${state}`,
    photoUrl !== null,
    half === 1,
    request,
  );
  checkEqual(
    'choices-wrong',
    `whether there are choices in ${state}`,
    choices.length > 0,
    state === 'GUESSING',
    request,
  );
  checkEqual('choices-wrong', 'choices to be there once each', [...new Set(choices)], choices, request);
  if (state === 'GUESSING') {
    const strange = wrongGuesses.filter((face) => !choices.includes(face));
    checkEqual('guesses-wrong', 'wrong guesses that are no choices', strange, [], request);
  }
  checkEqual('last-turn-wrong', 'the last turn', lastTurn?.turn ?? 0, turn - 1, request);
  if (lastTurn === null) return;
  // Who guessed right submits next.
  const [guesserId, submitterId] = submits ? [myId, opponentId] : [opponentId, myId];
  checkEqual('last-turn-wrong', 'the guesser of the last turn', lastTurn.guesserId, guesserId, request);
  checkEqual('last-turn-wrong', 'the submitter of the last turn', lastTurn.submitterId, submitterId, request);
}

/** Whether a round can have become what it is from what it was: turns only grow, and the roles alternate. @throws {ViolatedCheck} */
export function checkProgress(before: Round, round: Said<Round>): void {
  const { turn, state, request } = round;
  const was = `turn ${before.turn} in ${before.state}`;
  const is = `turn ${turn} in ${state}`;
  const [place, placeBefore] = [placeOf(round), placeOf(before)];
  check(
    place >= placeBefore,
    'turn-fell',
    `Expected the round not to go back, got ${is} after ${was}`,
    request,
  );
  const alternates =
    STATES[state].submits === (STATES[before.state].submits === ((turn - before.turn) % 2 === 0));
  check(
    alternates,
    'roles-wrong',
    `Expected submitting and guessing to alternate, got ${is} after ${was}`,
    request,
  );
}

function placeOf({ turn, state }: Round): number {
  return turn * 2 + STATES[state].half;
}

/** Whether a move led where it should: the state that follows, and how much later the turn is. @throws {ViolatedCheck} */
export function checkMoved(
  before: Round,
  after: Said<Round>,
  expected: { state: Round['state']; turns: 0 | 1 },
): void {
  checkEqual('round-wrong', 'the round', after.id, before.id, after.request);
  checkEqual('state-wrong', 'the state after the move', after.state, expected.state, after.request);
  checkEqual(
    'turn-wrong',
    'the turn after the move',
    after.turn,
    before.turn + expected.turns,
    after.request,
  );
}

/** What the last turn of a round gave a player. */
export function awardOf(lastTurn: LastTurn | null, playerId: string): number {
  if (lastTurn?.guesserId === playerId) return lastTurn.monocles.guesser;
  return lastTurn?.submitterId === playerId ? lastTurn.monocles.submitter : 0;
}
