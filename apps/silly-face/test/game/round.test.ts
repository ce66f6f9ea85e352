import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FACES } from '../../src/game/faces.ts';
import {
  challenge,
  guess,
  otherSeat,
  playerState,
  type Round,
  type Seat,
  submit,
} from '../../src/game/round.ts';

const ORDER = ['WAITING_SUBMIT', 'GUESSING', 'SUBMITTING', 'WAITING_GUESS'];

const seat = fc.constantFrom<Seat>('challenger', 'opponent');
const face = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom<string>(...FACES) },
  { weight: 1, arbitrary: fc.string() },
);
/** `pick` lets a guess be one of the choices, else nearly every guess would be refused. */
const move = fc.record({
  kind: fc.constantFrom('submit', 'guess'),
  seat,
  face,
  pick: fc.option(fc.nat(5)),
  seed: fc.integer(),
  after: fc.nat(10_000_000),
});
type Move = typeof move extends fc.Arbitrary<infer Value> ? Value : never;

function play(round: Round, { kind, seat, face, pick, seed }: Move, at: number) {
  if (kind === 'submit') return submit(round, seat, { face, seed, at });
  const choice = round.phase === 'guessing' && pick !== null ? round.choices[pick] : undefined;
  return guess(round, seat, { face: choice ?? face, at });
}

describe('whatever the players try', () => {
  it('exactly one of them may act, and their states fit together', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        let round: Round = challenge();
        let at = 0;
        for (const each of moves) {
          at += each.after;
          round = play(round, each, at).round ?? round;
          const states = [playerState(round, 'challenger'), playerState(round, 'opponent')].toSorted();
          expect([
            ['SUBMITTING', 'WAITING_SUBMIT'],
            ['GUESSING', 'WAITING_GUESS'],
          ]).toContainEqual(states);
        }
      }),
    );
  });

  it('each of them goes round the four states in order, and the turn counts up', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        let round: Round = challenge();
        for (const each of moves) {
          const next: Round = play(round, each, 0).round ?? round;
          const swapped = next.turn > round.turn;
          expect(next.turn - round.turn).toBe(swapped ? 1 : 0);
          for (const player of ['challenger', 'opponent'] as const) {
            const steps =
              ORDER.indexOf(playerState(next, player)) - ORDER.indexOf(playerState(round, player));
            expect((steps + 4) % 4).toBe(next.phase === round.phase ? 0 : 1);
          }
          round = next;
        }
      }),
    );
  });

  it('a refused move names its reason and changes nothing', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        let round: Round = challenge();
        for (const each of moves) {
          const before = structuredClone(round);
          const outcome = play(round, each, 0);
          expect(round).toEqual(before);
          expect([undefined, 'out-of-turn', 'unknown-face', 'not-a-choice', 'already-guessed']).toContain(
            outcome.refusal,
          );
          round = outcome.round ?? round;
        }
      }),
    );
  });

  it('monocles are earned with the right guess only, by both, and never lost', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        let round: Round = challenge();
        let at = 0;
        for (const each of moves) {
          at += each.after;
          const before: Round = round;
          const outcome = play(before, each, at);
          const award = 'award' in outcome ? outcome.award : { guesser: 0, submitter: 0 };
          const isOver = outcome.round !== undefined && outcome.round.turn > before.turn;
          expect([award.guesser > 0, award.submitter > 0]).toEqual([isOver, isOver]);
          expect(outcome.round?.submitter === otherSeat(before.submitter)).toBe(isOver);
          round = outcome.round ?? round;
        }
      }),
    );
  });

  it('six guesses are always enough', () => {
    fc.assert(
      fc.property(fc.constantFrom<string>(...FACES), fc.integer(), (secret, seed) => {
        const submitted = submit(challenge(), 'challenger', { face: secret, seed, at: 0 });
        let round: Round = submitted.round ?? challenge();
        for (const choice of round.phase === 'guessing' ? round.choices : [])
          round = guess(round, 'opponent', { face: choice, at: 1 }).round ?? round;
        expect(round).toEqual({ phase: 'submitting', turn: 2, submitter: 'opponent' });
      }),
    );
  });
});

describe('a guess', () => {
  const round = submit(challenge(), 'challenger', { face: 'Smug Cat', seed: 1, at: 0 }).round ?? challenge();
  const wrong = round.phase === 'guessing' ? round.choices.filter((choice) => choice !== 'Smug Cat') : [];

  it('that was wrong is eliminated and refused the second time', () => {
    const [first = ''] = wrong;
    const next = guess(round, 'opponent', { face: first, at: 1 });
    expect(next).toMatchObject({ correct: false, round: { wrongGuesses: [first] } });
    expect(guess(next.round ?? round, 'opponent', { face: first, at: 2 })).toEqual({
      refusal: 'already-guessed',
    });
  });

  it('outside the choices is refused, also when it is a face', () => {
    const outside = FACES.find((name) => round.phase === 'guessing' && !round.choices.includes(name)) ?? '';
    expect(guess(round, 'opponent', { face: outside, at: 1 })).toEqual({ refusal: 'not-a-choice' });
  });

  it('by the submitter is out of turn', () => {
    expect(guess(round, 'challenger', { face: 'Smug Cat', at: 1 })).toEqual({ refusal: 'out-of-turn' });
  });
});
