import { guess, type MoveRefusal, playerState, submit } from '../game/round.ts';
import type { Database } from './database.ts';
import { lockRound, type RoundToPlay, touchRound } from './rounds.ts';
import { Refused } from './refused.ts';

export interface StoredPhoto {
  readonly key: string;
  readonly sha256: Buffer;
  readonly bytes: number;
}

export interface Submission {
  readonly face: string;
  /** Decides the decoys: nobody may know it. */
  readonly seed: number;
}

/** @throws {Refused} `out-of-turn`, as `submitFace` would now, without the move. */
export function checkTurn({ round, seat }: RoundToPlay): void {
  if (playerState(round, seat) !== 'SUBMITTING') throw refused('out-of-turn', '');
}

/** @throws {Refused} what `submitFace` would now, without the move. */
export function checkSubmission({ round, seat, now }: RoundToPlay, submission: Submission): void {
  const { refusal } = submit(round, seat, { ...submission, at: now });
  if (refusal) throw refused(refusal, submission.face);
}

/** The photo is stored already; a refusal leaves it without a row, and it is the caller's to delete. */
export function submitFace(
  db: Database,
  { roundId, playerId }: { roundId: string; playerId: string },
  submission: Submission,
  photo: StoredPhoto,
): Promise<void> {
  return db.transaction(async () => {
    const { round: before, seat, now } = await lockRound(db, roundId, playerId);
    const { refusal, round } = submit(before, seat, { ...submission, at: now });
    if (refusal) throw refused(refusal, submission.face);
    const inserted = db.query(
      `INSERT INTO turns (round_id, number, submitter_id, face, choices, photo_key, photo_sha256, photo_bytes, submitted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::float8 / 1000))`,
      [
        roundId,
        round.turn,
        playerId,
        round.face,
        round.choices,
        photo.key,
        photo.sha256,
        photo.bytes,
        round.submittedAt,
      ],
    );
    await Promise.all([inserted, touchRound(db, roundId)]);
  });
}

export interface GuessOutcome {
  readonly correct: boolean;
  /** Earned by the guesser now. */
  readonly monocles: number;
}

export function guessFace(
  db: Database,
  { roundId, playerId }: { roundId: string; playerId: string },
  face: string,
): Promise<GuessOutcome> {
  return db.transaction(async () => {
    const { round: before, seat, players, now } = await lockRound(db, roundId, playerId);
    const outcome = guess(before, seat, { face, at: now });
    if (outcome.refusal) throw refused(outcome.refusal, face);
    // All in one round trip: nothing of it depends on what the one before has done.
    await Promise.all([
      ...(outcome.correct
        ? [
            db.query(
              `UPDATE turns SET guessed_at = to_timestamp($3::float8 / 1000), guesser_monocles = $4, submitter_monocles = $5
                WHERE round_id = $1 AND number = $2`,
              [roundId, before.turn, now, outcome.award.guesser, outcome.award.submitter],
            ),
            ...pay(db, [
              { playerId, monocles: outcome.award.guesser },
              { playerId: players[before.submitter], monocles: outcome.award.submitter },
            ]),
          ]
        : [
            db.query(`UPDATE turns SET wrong_guesses = $3 WHERE round_id = $1 AND number = $2`, [
              roundId,
              before.turn,
              outcome.round.wrongGuesses,
            ]),
          ]),
      touchRound(db, roundId),
    ]);
    return { correct: outcome.correct, monocles: outcome.correct ? outcome.award.guesser : 0 };
  });
}

/** One player after the other in the order of their ids: two rounds that share players cannot lock each other out. */
function pay(db: Database, earnings: { playerId: string; monocles: number }[]): Promise<unknown>[] {
  return earnings
    .toSorted((a, b) => (a.playerId < b.playerId ? -1 : 1))
    .map(({ playerId, monocles }) =>
      db.query(`UPDATE players SET monocles = monocles + $2 WHERE id = $1`, [playerId, monocles]),
    );
}

function refused(code: MoveRefusal, face: string): Refused {
  const details: Record<MoveRefusal, string> = {
    'out-of-turn': 'It is not your turn for that',
    'unknown-face': `${JSON.stringify(face)} is not in the catalogue of faces`,
    'not-a-choice': `${JSON.stringify(face)} is not among the choices`,
    'already-guessed': `${JSON.stringify(face)} was guessed already, and it was wrong`,
  };
  return new Refused(code, details[code]);
}
