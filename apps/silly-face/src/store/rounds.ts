import { challenge as firstTurn, otherSeat, type Round, type Seat } from '../game/round.ts';
import type { Database } from './database.ts';
import { Refused } from './refused.ts';

/** A round with what a move on it needs to know. */
export interface RoundToPlay {
  readonly id: string;
  readonly round: Round;
  /** Where the asking player sits. */
  readonly seat: Seat;
  readonly players: Record<Seat, string>;
  /** The database's clock, the one that all processes share: milliseconds since 1970. */
  readonly now: number;
}

/** A new round, where the challenger submits first. */
export async function challenge(db: Database, challengerId: string, opponentId: string): Promise<string> {
  if (challengerId === opponentId) throw new Refused('self-challenge', 'Nobody plays against themselves');
  const found = await db.query(`SELECT FROM players WHERE id = $1`, [opponentId]);
  if (found.rowCount !== 1) throw new Refused('player-not-found', `There is no player ${opponentId}`);
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO rounds (challenger_id, opponent_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id`,
    [challengerId, opponentId],
  );
  const [row] = rows;
  if (!row) throw new Refused('already-challenged', 'The two already play a round');
  return row.id;
}

/** A look without a lock: the truth of now, not of the move that follows. */
export function readRound(db: Database, roundId: string, playerId: string): Promise<RoundToPlay> {
  return load(db, roundId, playerId, '');
}

/** Inside a transaction: nobody else moves in this round until it ends. @throws {Refused} unless the player sits there */
export async function lockSeat(db: Database, roundId: string, playerId: string): Promise<void> {
  seatOf(await seats(db, roundId, 'FOR UPDATE'), playerId);
}

/** As `lockSeat`, with the round as it stands then. */
export function lockRound(db: Database, roundId: string, playerId: string): Promise<RoundToPlay> {
  return load(db, roundId, playerId, 'FOR UPDATE');
}

export async function touchRound(db: Database, roundId: string): Promise<void> {
  await db.query(`UPDATE rounds SET updated_at = clock_timestamp() WHERE id = $1`, [roundId]);
}

async function load(
  db: Database,
  roundId: string,
  playerId: string,
  lock: '' | 'FOR UPDATE',
): Promise<RoundToPlay> {
  const players = await seats(db, roundId, lock);
  const seat = seatOf(players, playerId);
  // A statement of its own, after the lock: one that waited for the lock still sees the turns as they were before.
  const { rows } = await db.query<{ turn: TurnRow | null; now: number }>(
    `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now,
      (SELECT ${TURN_JSON} FROM turns WHERE round_id = $1 ORDER BY number DESC LIMIT 1) AS turn`,
    [roundId],
  );
  const [row] = rows;
  if (!row) throw new Error(`Reading the turns of round ${roundId} returned no row`);
  return { id: roundId, round: roundAfter(row.turn, players), seat, players, now: row.now };
}

async function seats(db: Database, roundId: string, lock: '' | 'FOR UPDATE'): Promise<Record<Seat, string>> {
  checkRoundId(roundId);
  const { rows } = await db.query<Record<Seat, string>>(
    `SELECT challenger_id AS challenger, opponent_id AS opponent FROM rounds WHERE id = $1 ${lock}`,
    [roundId],
  );
  const [row] = rows;
  if (!row) throw noRound(roundId);
  return row;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** @throws {Refused} `round-not-found`, for what Postgres would not take for an id */
export function checkRoundId(roundId: string): void {
  if (!UUID.test(roundId)) throw noRound(roundId);
}

function noRound(roundId: string): Refused {
  return new Refused('round-not-found', `There is no round ${roundId}`);
}

export function seatOf(players: Record<Seat, string>, playerId: string): Seat {
  if (playerId === players.challenger) return 'challenger';
  if (playerId === players.opponent) return 'opponent';
  throw new Refused('not-your-round', 'Two other players play this round');
}

/** A turn as `TURN_JSON` reads it; times in milliseconds since 1970. */
export interface TurnRow {
  number: number;
  submitterId: string;
  face: string;
  choices: string[];
  wrongGuesses: string[];
  submittedAt: number;
  /** Null until it was guessed, as are the monocles. */
  guessedAt: number | null;
  guesserMonocles: number | null;
  submitterMonocles: number | null;
}

export const TURN_JSON = `json_build_object('number', number, 'submitterId', submitter_id, 'face', face,
  'choices', choices, 'wrongGuesses', wrong_guesses,
  'submittedAt', extract(epoch FROM submitted_at)::float8 * 1000,
  'guessedAt', extract(epoch FROM guessed_at)::float8 * 1000,
  'guesserMonocles', guesser_monocles, 'submitterMonocles', submitter_monocles)`;

/** The newest turn says where the round stands; without one the challenger has not submitted yet. */
export function roundAfter(turn: TurnRow | null | undefined, players: Readonly<Record<Seat, string>>): Round {
  if (!turn) return firstTurn();
  const submitter = turn.submitterId === players.challenger ? 'challenger' : 'opponent';
  if (turn.guessedAt !== null)
    return { phase: 'submitting', turn: turn.number + 1, submitter: otherSeat(submitter) };
  const { number, face, choices, wrongGuesses, submittedAt } = turn;
  return { phase: 'guessing', turn: number, submitter, face, choices, wrongGuesses, submittedAt };
}
