import type { Said } from '../http/answer.ts';
import type { GuessResult, Round } from '../http/contract.ts';
import { checkEqual } from './check.ts';
import { checkMoved } from './round.ts';

/** Whether the answer to a guess fits the round before it. @throws {ViolatedCheck} */
export function checkGuess(before: Round, face: string, answer: Said<GuessResult>, myId: string): void {
  const { correct, monocles, request } = answer;
  const after = { ...answer.round, request };
  if (!correct) {
    checkMoved(before, after, { state: 'GUESSING', turns: 0 });
    checkEqual('wrong-guess-paid', 'the monocles of a wrong guess', monocles, 0, request);
    const wrongGuesses = [...before.wrongGuesses, face].toSorted();
    checkEqual('guesses-wrong', 'the wrong guesses', after.wrongGuesses.toSorted(), wrongGuesses, request);
    return;
  }
  checkMoved(before, after, { state: 'SUBMITTING', turns: 1 });
  const { lastTurn } = after;
  checkEqual('face-differs', 'the face that the last turn reveals', lastTurn?.face, face, request);
  checkEqual('last-turn-wrong', 'the guesser of the last turn', lastTurn?.guesserId, myId, request);
  const guesses = before.wrongGuesses.length + 1;
  checkEqual('guesses-wrong', 'the number of guesses', lastTurn?.guesses, guesses, request);
  checkEqual(
    'monocles-differ',
    'what the last turn gave the guesser',
    lastTurn?.monocles.guesser,
    monocles,
    request,
  );
  checkEqual('photo-url-wrong', 'the photo of the last turn', lastTurn?.photoUrl, before.photoUrl, request);
}
