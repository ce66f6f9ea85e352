import type { Said } from '../src/http/answer.ts';
import type { Round } from '../src/http/contract.ts';

export const ME = 'me';
export const OPPONENT = 'opponent';

/** A round as a right backend would show it to `ME`. */
export function aRound(state: Round['state'], turn: number, changes: Partial<Round> = {}): Said<Round> {
  const submits = state === 'SUBMITTING' || state === 'WAITING_GUESS';
  const hasPhoto = state === 'GUESSING' || state === 'WAITING_GUESS';
  const lastTurn: Round['lastTurn'] = {
    turn: turn - 1,
    face: `face ${turn - 1}`,
    photoUrl: `/rounds/7/turns/${turn - 1}/photo`,
    submitterId: submits ? OPPONENT : ME,
    guesserId: submits ? ME : OPPONENT,
    guesses: 1,
    monocles: { guesser: 6, submitter: 2 },
  };
  return {
    id: '7',
    opponent: { id: OPPONENT, name: 'Urkelbot', rankName: 'Smirker' },
    state,
    turn,
    choices: state === 'GUESSING' ? [`face ${turn}`, 'other face', 'third face'] : [],
    wrongGuesses: [],
    photoUrl: hasPhoto ? `/rounds/7/turns/${turn}/photo` : null,
    lastTurn: turn === 1 ? null : lastTurn,
    taunts: [],
    updatedAt: '2012-06-11T12:00:00.000Z',
    request: 'GET /me → 200',
    ...changes,
  };
}
