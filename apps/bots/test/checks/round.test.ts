import { describe, expect, test } from 'vitest';
import { awardOf, checkCoherence, checkMoved, checkProgress } from '../../src/checks/round.ts';
import type { Round } from '../../src/http/contract.ts';
import { aRound, ME, OPPONENT } from '../rounds.ts';

/** A game from its challenge on: who submits in odd turns guesses in even ones. */
const course = [1, 2, 3, 4, 5].flatMap((turn) =>
  turn % 2 === 1
    ? [aRound('SUBMITTING', turn), aRound('WAITING_GUESS', turn)]
    : [aRound('WAITING_SUBMIT', turn), aRound('GUESSING', turn)],
);

test('every step of a game is coherent, and every later step can follow every earlier one', () => {
  for (const [at, round] of course.entries()) {
    expect(() => checkCoherence(round, ME)).not.toThrow();
    for (const before of course.slice(0, at + 1)) expect(() => checkProgress(before, round)).not.toThrow();
  }
});

test('no earlier step can follow a later one', () => {
  for (const [at, round] of course.entries()) {
    for (const later of course.slice(at + 1))
      expect(() => checkProgress(later, round)).toThrow('not to go back');
  }
});

test('who submits cannot submit in the next turn again', () => {
  expect(() => checkProgress(aRound('WAITING_GUESS', 3), aRound('SUBMITTING', 4))).toThrow(
    'Expected submitting and guessing to alternate, got turn 4 in SUBMITTING after turn 3 in WAITING_GUESS',
  );
  expect(() => checkProgress(aRound('SUBMITTING', 3), aRound('GUESSING', 3))).toThrow('alternate');
});

describe('a round that contradicts itself is told by', () => {
  const { lastTurn } = aRound('GUESSING', 4);
  const strange: [string, Round['state'], Partial<Round>][] = [
    ['photo-url-wrong', 'GUESSING', { photoUrl: null }],
    ['photo-url-wrong', 'SUBMITTING', { photoUrl: '/photo' }],
    ['choices-wrong', 'GUESSING', { choices: [] }],
    ['choices-wrong', 'WAITING_GUESS', { choices: ['a'] }],
    ['choices-wrong', 'GUESSING', { choices: ['a', 'a'] }],
    ['guesses-wrong', 'GUESSING', { wrongGuesses: ['nobody offered this'] }],
    ['opponent-wrong', 'GUESSING', { opponent: { id: ME, name: 'Me', rankName: 'Smirker' } }],
    ['last-turn-wrong', 'GUESSING', { lastTurn: null }],
    ['last-turn-wrong', 'GUESSING', { lastTurn: lastTurn && { ...lastTurn, turn: 2 } }],
    ['last-turn-wrong', 'GUESSING', { lastTurn: lastTurn && { ...lastTurn, guesserId: ME } }],
    ['last-turn-wrong', 'GUESSING', { lastTurn: lastTurn && { ...lastTurn, submitterId: OPPONENT } }],
  ];
  test.each(strange)('%s in %s', (code, state, changes) => {
    const request = 'GET /me → 200';
    expect(() => checkCoherence(aRound(state, 4, changes), ME)).toThrow(
      expect.objectContaining({ name: 'ViolatedCheck', code, request }) as Error,
    );
  });
});

test('a move leads to the state and the turn that follow it', () => {
  const before = aRound('SUBMITTING', 3);
  const expected = { state: 'WAITING_GUESS', turns: 0 } as const;
  checkMoved(before, aRound('WAITING_GUESS', 3), expected);
  expect(() => checkMoved(before, aRound('SUBMITTING', 3), expected)).toThrow('the state after the move');
  expect(() => checkMoved(before, aRound('WAITING_GUESS', 5), expected)).toThrow('the turn after the move');
  expect(() => checkMoved(before, aRound('WAITING_GUESS', 3, { id: '8' }), expected)).toThrow(
    'the round to be "7", got "8"',
  );
});

test('a turn pays its guesser and its submitter, and nobody else', () => {
  const { lastTurn } = aRound('SUBMITTING', 3);
  expect([ME, OPPONENT, 'somebody'].map((id) => awardOf(lastTurn, id))).toEqual([6, 2, 0]);
  expect(awardOf(null, ME)).toBe(0);
});
