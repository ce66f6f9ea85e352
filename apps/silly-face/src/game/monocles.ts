/** What a right guess earns, for the one who guessed and for the one who made the face. Never less than one each. */
export interface Award {
  readonly guesser: number;
  readonly submitter: number;
}

const FOR_WRONG_GUESSES = [5, 3, 2] as const;
const FAST_MS = 60_000;
const SAME_HOUR_MS = 3_600_000;

/**
 * Few wrong guesses and little time between photo and guess earn the guesser more. A face that was recognised earns its
 * maker more, the fewer wrong guesses it caused: a photo should be silly, and readable.
 */
export function award(wrongGuesses: number, elapsedMs: number): Award {
  return {
    guesser: (FOR_WRONG_GUESSES[wrongGuesses] ?? 1) + speedBonus(elapsedMs),
    submitter: Math.max(1, 4 - wrongGuesses),
  };
}

function speedBonus(elapsedMs: number): number {
  if (elapsedMs <= FAST_MS) return 2;
  return elapsedMs <= SAME_HOUR_MS ? 1 : 0;
}
