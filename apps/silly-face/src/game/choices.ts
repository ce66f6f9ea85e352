import { FACES } from './faces.ts';
import { shuffled } from './shuffle.ts';

export const CHOICES = 6;

/**
 * What the guesser chooses among: the secret face and its decoys from the catalogue. The same seed gives the same choices
 * in the same order, so whoever calls this takes a seed that nobody can guess.
 */
export function choicesFor(secret: string, seed: number): string[] {
  const decoys = shuffled(
    FACES.filter((face) => face !== secret),
    seed,
  ).slice(0, CHOICES - 1);
  return shuffled([secret, ...decoys], seed ^ 0x5117_face);
}
