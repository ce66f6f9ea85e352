import { rankName } from '../game/ranks.ts';
import { type PlayerState, playerState } from '../game/round.ts';
import type { Database } from './database.ts';
import { checkRoundId, readRound, roundAfter, seatOf, TURN_JSON, type TurnRow } from './rounds.ts';
import { isoTime } from './iso-time.ts';
import type { Taunt } from './taunts.ts';

/** A round as one of its players may see it: the secret face of a turn is in it only after the right guess. */
export interface RoundView {
  readonly id: string;
  readonly opponent: { readonly id: string; readonly name: string; readonly rankName: string };
  readonly state: PlayerState;
  readonly turn: number;
  /** Empty unless the player is GUESSING. */
  readonly choices: readonly string[];
  readonly wrongGuesses: readonly string[];
  readonly lastTurn: null | {
    readonly turn: number;
    readonly face: string;
    readonly submitterId: string;
    readonly guesserId: string;
    /** With the right one. */
    readonly guesses: number;
    readonly monocles: { readonly guesser: number; readonly submitter: number };
  };
  /** The newest twenty, oldest first. */
  readonly taunts: readonly Taunt[];
  readonly updatedAt: string;
}

/** All rounds of a player, the one that moved last first. */
export async function viewRounds(db: Database, playerId: string): Promise<RoundView[]> {
  const rows = await select(db, playerId, null);
  return rows.map((row) => view(row, playerId));
}

/** @throws {Refused} `round-not-found`, `not-your-round` */
export async function viewRound(db: Database, roundId: string, playerId: string): Promise<RoundView> {
  checkRoundId(roundId);
  const [row] = await select(db, playerId, roundId);
  if (row) return view(row, playerId);
  await readRound(db, roundId, playerId); // Says why there is none.
  throw new Error(`Round ${roundId} went away`);
}

interface Row {
  id: string;
  challenger: string;
  opponent: string;
  other: { id: string; name: string; monocles: number };
  /** The newest two, newest first. */
  turns: TurnRow[];
  taunts: Taunt[];
  updated_at: Date;
}

/** One statement, so that turn, taunts and players are of the same moment. As JSON, which is parsed faster than arrays of it. */
async function select(db: Database, playerId: string, roundId: string | null): Promise<Row[]> {
  const { rows } = await db.query<Row>(
    `SELECT rounds.id, challenger_id AS challenger, opponent_id AS opponent, updated_at,
        json_build_object('id', other.id, 'name', other.name, 'monocles', other.monocles) AS other,
        array_to_json(ARRAY(SELECT ${TURN_JSON} FROM turns
          WHERE round_id = rounds.id ORDER BY number DESC LIMIT 2)) AS turns,
        array_to_json(ARRAY(SELECT json_build_object('id', id::text, 'playerId', player_id, 'text', text, 'createdAt', created_at)
          FROM taunts WHERE round_id = rounds.id ORDER BY id DESC LIMIT 20)) AS taunts
      FROM rounds JOIN players AS other
        ON other.id = CASE challenger_id WHEN $1 THEN opponent_id ELSE challenger_id END
      WHERE $1 IN (challenger_id, opponent_id) AND ($2::uuid IS NULL OR rounds.id = $2)
      ORDER BY updated_at DESC, rounds.id`,
    [playerId, roundId],
  );
  return rows;
}

function view({ turns, taunts, other, ...row }: Row, playerId: string): RoundView {
  const round = roundAfter(turns[0], row);
  const state = playerState(round, seatOf(row, playerId));
  return {
    id: row.id,
    opponent: { id: other.id, name: other.name, rankName: rankName(other.monocles) },
    state,
    turn: round.turn,
    choices: round.phase === 'guessing' && state === 'GUESSING' ? round.choices : [],
    wrongGuesses: round.phase === 'guessing' ? round.wrongGuesses : [],
    lastTurn: lastTurn(turns, row),
    taunts: taunts.toReversed().map((taunt) => ({ ...taunt, createdAt: isoTime(taunt.createdAt) })),
    updatedAt: row.updated_at.toISOString(),
  };
}

function lastTurn(
  turns: TurnRow[],
  { challenger, opponent }: Pick<Row, 'challenger' | 'opponent'>,
): RoundView['lastTurn'] {
  const turn = turns.find(({ guessedAt }) => guessedAt !== null);
  if (!turn) return null;
  return {
    turn: turn.number,
    face: turn.face,
    submitterId: turn.submitterId,
    guesserId: turn.submitterId === challenger ? opponent : challenger,
    guesses: turn.wrongGuesses.length + 1,
    monocles: { guesser: turn.guesserMonocles ?? 0, submitter: turn.submitterMonocles ?? 0 },
  };
}
