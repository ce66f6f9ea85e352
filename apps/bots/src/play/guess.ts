import { checkGuess } from '../checks/guess.ts';
import { ViolatedCheck } from '../errors.ts';
import type { Round } from '../http/contract.ts';
import { chooseGuess } from './decide.ts';
import { checkPhotoToGuess } from './look.ts';
import { attempt, refresh, type Seat } from './seat.ts';

/** Looks at the photo and guesses until it is right. A wrong photo is told, and does not keep the game from going on. */
export async function guessUntilRight(seat: Seat, round: Round): Promise<void> {
  const { game, journal, memory, random } = seat;
  await attempt(seat, 'look at the photo', () => checkPhotoToGuess(seat, round));
  for (let current = round; ;) {
    const face = chooseGuess(current, random);
    if (face === undefined) {
      const request = `POST /rounds/${round.id}/guesses`;
      throw new ViolatedCheck('no-choice-right', 'Expected one of the choices to be right', { request });
    }
    const answer = await game.guess(round.id, face);
    if (!answer.correct) journal.say(`guesses "${face}": wrong`);
    memory.seeRound({ ...answer.round, request: answer.request });
    if (answer.correct) {
      // The line shows the balance that came of it, so it follows the refresh; the check, which may throw, follows the line.
      const { currentPlayer } = await refresh(seat);
      const balance = `rank ${currentPlayer.rankName}, ${currentPlayer.monocles}`;
      journal.say(`guesses "${face}": right, +${answer.monocles} monocles (${balance})`);
    }
    checkGuess(current, face, answer, memory.me.id);
    if (answer.correct) return;
    current = answer.round;
  }
}
