import type { Round } from '../http/contract.ts';
import { pick, type Random } from '../drawing/random.ts';
import type { PhotoFile } from '../http/game.ts';

export type Move = 'submit' | 'guess' | 'wait';

/** The step that a round asks of the player who sees it in this state. */
export const NEXT_MOVE: Record<Round['state'], Move> = {
  SUBMITTING: 'submit',
  GUESSING: 'guess',
  WAITING_SUBMIT: 'wait',
  WAITING_GUESS: 'wait',
};

/** What can still be right, or undefined when every choice was wrong. */
export function chooseGuess({ choices, wrongGuesses }: Round, random: Random): string | undefined {
  const [first, ...others] = choices.filter((face) => !wrongGuesses.includes(face));
  return first === undefined ? undefined : pick(random, [first, ...others]);
}

/** A face to send, not the one of the last turn when there is another. */
export function chooseFace(faces: readonly string[], { lastTurn }: Round, random: Random): string {
  const fresh = faces.filter((face) => face !== lastTurn?.face);
  const [first = '', ...others] = fresh.length > 0 ? fresh : faces;
  return pick(random, [first, ...others]);
}

/** JPEG and PNG alternate from one own turn to the next one, which is two turns later. */
export function choosePhotoType({ turn }: Round): PhotoFile['type'] {
  return Math.floor(turn / 2) % 2 === 0 ? 'image/jpeg' : 'image/png';
}
