import { choicesFor } from './choices.ts';
import { isFace } from './faces.ts';
import { award, type Award } from './monocles.ts';

/*
 * A round is between two seats and goes round for ever. The challenger submits first; who guessed right submits next.
 *
 *                 submit                   the right guess
 *   Submitting ───────────▶ Guessing ──────────────────────▶ Submitting, turn + 1, seats swapped
 *                            │    ▲
 *                            └────┘ a wrong guess
 *
 * What the players see:     submitter        guesser
 *   Submitting              SUBMITTING       WAITING_SUBMIT
 *   Guessing                WAITING_GUESS    GUESSING
 */

export type Seat = 'challenger' | 'opponent';

export interface Submitting {
  readonly phase: 'submitting';
  /** From 1. */
  readonly turn: number;
  readonly submitter: Seat;
}

export interface Guessing {
  readonly phase: 'guessing';
  readonly turn: number;
  readonly submitter: Seat;
  readonly face: string;
  readonly choices: readonly string[];
  readonly wrongGuesses: readonly string[];
  /** Milliseconds since 1970. */
  readonly submittedAt: number;
}

export type Round = Submitting | Guessing;

export type PlayerState = 'WAITING_SUBMIT' | 'GUESSING' | 'SUBMITTING' | 'WAITING_GUESS';

export type MoveRefusal = 'out-of-turn' | 'unknown-face' | 'not-a-choice' | 'already-guessed';

/** A refused move changes nothing. */
export type Refused = { readonly refusal: MoveRefusal; readonly round?: never };

export type Submitted = { readonly refusal?: never; readonly round: Guessing };

export type Guessed =
  | { readonly refusal?: never; readonly correct: false; readonly round: Guessing }
  | { readonly refusal?: never; readonly correct: true; readonly round: Submitting; readonly award: Award };

export function challenge(): Submitting {
  return { phase: 'submitting', turn: 1, submitter: 'challenger' };
}

/** The submitter shows a face. `seed` decides the decoys and their order; `at` is in milliseconds since 1970. */
export function submit(
  round: Round,
  seat: Seat,
  { face, seed, at }: { face: string; seed: number; at: number },
): Submitted | Refused {
  if (playerState(round, seat) !== 'SUBMITTING') return { refusal: 'out-of-turn' };
  if (!isFace(face)) return { refusal: 'unknown-face' };
  const { turn, submitter } = round;
  const choices = choicesFor(face, seed);
  return { round: { phase: 'guessing', turn, submitter, face, choices, wrongGuesses: [], submittedAt: at } };
}

/** The guesser names a face. A wrong one is eliminated, the right one ends the turn. */
export function guess(
  round: Round,
  seat: Seat,
  { face, at }: { face: string; at: number },
): Guessed | Refused {
  if (round.phase !== 'guessing' || seat === round.submitter) return { refusal: 'out-of-turn' };
  if (!round.choices.includes(face)) return { refusal: 'not-a-choice' };
  if (round.wrongGuesses.includes(face)) return { refusal: 'already-guessed' };
  if (face !== round.face)
    return { correct: false, round: { ...round, wrongGuesses: [...round.wrongGuesses, face] } };
  return {
    correct: true,
    round: { phase: 'submitting', turn: round.turn + 1, submitter: seat },
    award: award(round.wrongGuesses.length, at - round.submittedAt),
  };
}

/** The round as the player on this seat sees it. */
export function playerState(round: Round, seat: Seat): PlayerState {
  const submits = seat === round.submitter;
  if (round.phase === 'submitting') return submits ? 'SUBMITTING' : 'WAITING_SUBMIT';
  return submits ? 'WAITING_GUESS' : 'GUESSING';
}

export function otherSeat(seat: Seat): Seat {
  return seat === 'challenger' ? 'opponent' : 'challenger';
}
