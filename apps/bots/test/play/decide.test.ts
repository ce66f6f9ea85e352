import { expect, test } from 'vitest';
import { seededRandom } from '../../src/drawing/random.ts';
import { chooseFace, chooseGuess, choosePhotoType, NEXT_MOVE } from '../../src/play/decide.ts';
import { aRound } from '../rounds.ts';

test('a round is advanced where it is the turn of the bot, and left alone otherwise', () => {
  expect(NEXT_MOVE).toEqual({
    SUBMITTING: 'submit',
    GUESSING: 'guess',
    WAITING_SUBMIT: 'wait',
    WAITING_GUESS: 'wait',
  });
});

test('a guess is any of the choices that were not wrong yet', () => {
  const random = seededRandom(1);
  const round = aRound('GUESSING', 3, { choices: ['a', 'b', 'c', 'd'], wrongGuesses: ['b'] });
  const guesses = Array.from({ length: 100 }, () => chooseGuess(round, random));
  expect(new Set(guesses)).toEqual(new Set(['a', 'c', 'd']));
  expect(chooseGuess({ ...round, wrongGuesses: ['a', 'b', 'c', 'd'] }, random)).toBeUndefined();
});

test('a face is not that of the last turn, unless there is no other', () => {
  const random = seededRandom(1);
  const round = aRound('SUBMITTING', 3);
  const revealed = round.lastTurn?.face ?? '';
  const faces = Array.from({ length: 100 }, () => chooseFace(['a', revealed, 'b'], round, random));
  expect(new Set(faces)).toEqual(new Set(['a', 'b']));
  expect(chooseFace([revealed], round, random)).toBe(revealed);
});

test('JPEG and PNG alternate over the own turns', () => {
  const typesFrom = (first: number): string[] =>
    [0, 2, 4, 6].map((later) => choosePhotoType(aRound('SUBMITTING', first + later)));
  expect(typesFrom(1)).toEqual(['image/jpeg', 'image/png', 'image/jpeg', 'image/png']);
  expect(typesFrom(2)).toEqual(['image/png', 'image/jpeg', 'image/png', 'image/jpeg']);
});
