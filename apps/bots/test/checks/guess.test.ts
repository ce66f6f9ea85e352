import { describe, expect, test } from 'vitest';
import { checkGuess } from '../../src/checks/guess.ts';
import type { GuessResult, LastTurn } from '../../src/http/contract.ts';
import { aRound, ME, OPPONENT } from '../rounds.ts';

const before = aRound('GUESSING', 4, { wrongGuesses: ['other face'] });
const request = 'POST /rounds/7/guesses → 200';

const wrong = {
  correct: false,
  monocles: 0,
  round: aRound('GUESSING', 4, { wrongGuesses: ['third face', 'other face'] }),
};
const { lastTurn } = aRound('SUBMITTING', 5);
const right = (changes: Partial<LastTurn> = {}): GuessResult => ({
  correct: true,
  monocles: 6,
  round: aRound('SUBMITTING', 5, { lastTurn: lastTurn && { ...lastTurn, guesses: 2, ...changes } }),
});

test('a wrong guess and a right one pass, whatever the order of the wrong ones', () => {
  expect(() => checkGuess(before, 'third face', { ...wrong, request }, ME)).not.toThrow();
  expect(() => checkGuess(before, 'face 4', { ...right(), request }, ME)).not.toThrow();
});

describe('an answer is told by', () => {
  const answers: [string, string, GuessResult][] = [
    ['wrong-guess-paid', 'third face', { ...wrong, monocles: 1 }],
    ['guesses-wrong', 'third face', { ...wrong, round: before }],
    ['state-wrong', 'third face', { ...right(), correct: false }],
    ['state-wrong', 'face 4', { ...wrong, correct: true }],
    ['turn-wrong', 'face 4', { ...right(), round: aRound('SUBMITTING', 6) }],
    ['face-differs', 'face 4', right({ face: 'other face' })],
    ['last-turn-wrong', 'face 4', right({ guesserId: OPPONENT })],
    ['guesses-wrong', 'face 4', right({ guesses: 1 })],
    ['monocles-differ', 'face 4', right({ monocles: { guesser: 5, submitter: 2 } })],
    ['photo-url-wrong', 'face 4', right({ photoUrl: '/rounds/7/turns/3/photo' })],
  ];
  test.each(answers)('%s for "%s"', (code, face, answer) => {
    expect(() => checkGuess(before, face, { ...answer, request }, ME)).toThrow(
      expect.objectContaining({ code, request }) as Error,
    );
  });
});
