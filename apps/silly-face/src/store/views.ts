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

/** A round moves with each submission, guess and taunt: the round and when it last did, in microseconds since 1970. */
export interface LastMove {
  readonly at: string;
  readonly roundId: string;
}

export interface RoundsPage {
  readonly rounds: RoundView[];
  /** The move to go on before, or null at the end. */
  readonly next: LastMove | null;
}

/**
 * The rounds of a player, the one that moved last first. A move takes its round to the front: from one page to the next none comes
 * twice, and one that is missed because it moved meanwhile is on the first page now.
 */
export async function viewRounds(
  db: Database,
  playerId: string,
  { limit, before }: { limit: number; before: LastMove | undefined },
): Promise<RoundsPage> {
  const { rows } = await db.query<Row & { moved_at: string }>(PAGE, [
    playerId,
    before?.at ?? 'Infinity',
    before?.roundId ?? NO_ROUND,
    limit + 1,
  ]);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    rounds: page.map((row) => view(row, playerId)),
    next: last ? { at: last.moved_at, roundId: last.id } : null,
  };
}

/** @throws {Refused} `round-not-found`, `not-your-round` */
export async function viewRound(db: Database, roundId: string, playerId: string): Promise<RoundView> {
  checkRoundId(roundId);
  const { rows } = await db.query<Row>(ONE, [playerId, roundId]);
  const [row] = rows;
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

/** All in one statement, so that turn, taunts and players are of the same moment. As JSON, which is parsed faster than arrays of it. */
const COLUMNS = `rounds.id, challenger_id AS challenger, opponent_id AS opponent, updated_at,
  json_build_object('id', other.id, 'name', other.name, 'monocles', other.monocles) AS other,
  array_to_json(ARRAY(SELECT ${TURN_JSON} FROM turns
    WHERE round_id = rounds.id ORDER BY number DESC LIMIT 2)) AS turns,
  array_to_json(ARRAY(SELECT json_build_object('id', id::text, 'playerId', player_id, 'text', text, 'createdAt', created_at)
    FROM taunts WHERE round_id = rounds.id ORDER BY id DESC LIMIT 20)) AS taunts`;

const OTHER = `players AS other ON other.id = CASE challenger_id WHEN $1 THEN opponent_id ELSE challenger_id END`;

const ONE = `SELECT ${COLUMNS} FROM rounds JOIN ${OTHER}
  WHERE rounds.id = $2 AND $1 IN (challenger_id, opponent_id)`;

const NEWEST = `ORDER BY updated_at DESC, id DESC LIMIT $4`;

/** Each of the two seats has an index in this order: no more is read than the page needs, however many rounds there are. */
const pageOf = (seat: 'challenger_id' | 'opponent_id'): string =>
  `(SELECT * FROM rounds WHERE ${seat} = $1
    AND (updated_at, id) < (to_timestamp($2::float8 / 1000000), $3::uuid) ${NEWEST})`;

const PAGE = `SELECT ${COLUMNS}, (extract(epoch FROM updated_at) * 1000000)::bigint AS moved_at
  FROM (${pageOf('challenger_id')} UNION ALL ${pageOf('opponent_id')} ${NEWEST}) AS rounds JOIN ${OTHER}
  ORDER BY updated_at DESC, rounds.id DESC`;

/** Beside an infinite time: any would do. */
const NO_ROUND = '00000000-0000-0000-0000-000000000000';

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
