import type { Database } from '../../src/store/database.ts';
import type { Match } from './match.ts';

/** How the database's history of the matches differs from what the players were told; empty when it does not. */
export async function differences(db: Database, matches: readonly Match[]): Promise<string[]> {
  const found = await Promise.all(matches.map((match) => differencesOf(db, match)));
  return [...found.flat(), ...(await brokenSums(db))];
}

async function differencesOf(db: Database, { roundId, turns, taunts, posts }: Match): Promise<string[]> {
  if (roundId === '') return ['A match never began'];
  const { rows } = await db.query<StoredTurn>(
    `SELECT number, face, submitter_id, wrong_guesses, guessed_at IS NOT NULL AS is_guessed FROM turns
      WHERE round_id = $1 ORDER BY number`,
    [roundId],
  );
  const stored = rows.map(({ number, face, submitter_id, wrong_guesses, is_guessed }) => [
    [number, face, submitter_id, is_guessed],
    wrong_guesses,
  ]);
  const told = turns.map(({ face, submitterId, wrongGuesses, isGuessed }, index) => [
    [index + 1, face, submitterId, isGuessed],
    wrongGuesses,
  ]);
  const said = await db.query<{ text: string }>('SELECT text FROM taunts WHERE round_id = $1 ORDER BY id', [
    roundId,
  ]);
  const keys = await db.query<{ count: number }>(
    `SELECT count(*)::int FROM idempotency_keys WHERE scope IN (SELECT unnest(ARRAY[challenger_id, opponent_id])::text
      FROM rounds WHERE id = $1)`,
    [roundId],
  );
  return [
    ...unequal(`the turns of ${roundId}`, stored, told),
    ...unequal(
      `the taunts of ${roundId}`,
      said.rows.map(({ text }) => text),
      taunts,
    ),
    ...unequal(`the requests of ${roundId} that took effect`, keys.rows[0]?.count, posts),
  ];
}

interface StoredTurn {
  number: number;
  face: string;
  submitter_id: string;
  wrong_guesses: string[];
  is_guessed: boolean;
}

/** Of all players, those of others included: whose monocles are not the sum of what the turns gave. */
async function brokenSums(db: Database): Promise<string[]> {
  const { rows } = await db.query<{ name: string; monocles: number; earned: number }>(
    `WITH awards AS (
        SELECT submitter_id AS player_id, submitter_monocles AS monocles FROM turns
        UNION ALL
        SELECT CASE submitter_id WHEN challenger_id THEN opponent_id ELSE challenger_id END, guesser_monocles
          FROM turns JOIN rounds ON rounds.id = round_id)
      SELECT name, players.monocles, coalesce(sum(awards.monocles), 0)::int AS earned
        FROM players LEFT JOIN awards ON player_id = players.id
        GROUP BY players.id HAVING players.monocles <> coalesce(sum(awards.monocles), 0)`,
  );
  return rows.map(({ name, monocles, earned }) => `${name} has ${monocles} monocles and earned ${earned}`);
}

function unequal(what: string, stored: unknown, told: unknown): string[] {
  const [there, expected] = [JSON.stringify(stored), JSON.stringify(told)];
  return there === expected ? [] : [`${what}: stored ${there}, told ${expected}`];
}
