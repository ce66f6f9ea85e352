/** What the API asks for a read and for a move, by hand. That they are the same is checked by the server's own statistics. */

export const findSession = `SELECT players.id, players.name, players.monocles
  FROM sessions JOIN players ON players.id = sessions.player_id
  WHERE token_hash = $1 AND expires_at > now()`;

const turn = `json_build_object('number', number, 'submitterId', submitter_id, 'face', face,
  'choices', choices, 'wrongGuesses', wrong_guesses,
  'submittedAt', extract(epoch FROM submitted_at)::float8 * 1000,
  'guessedAt', extract(epoch FROM guessed_at)::float8 * 1000,
  'guesserMonocles', guesser_monocles, 'submitterMonocles', submitter_monocles)`;

export const viewRound = `SELECT rounds.id, challenger_id AS challenger, opponent_id AS opponent, updated_at,
    json_build_object('id', other.id, 'name', other.name, 'monocles', other.monocles) AS other,
    array_to_json(ARRAY(SELECT ${turn} FROM turns
      WHERE round_id = rounds.id ORDER BY number DESC LIMIT 2)) AS turns,
    array_to_json(ARRAY(SELECT json_build_object('id', id::text, 'playerId', player_id, 'text', text, 'createdAt', created_at)
      FROM taunts WHERE round_id = rounds.id ORDER BY id DESC LIMIT 20)) AS taunts
  FROM rounds JOIN players AS other
    ON other.id = CASE challenger_id WHEN $1 THEN opponent_id ELSE challenger_id END
  WHERE rounds.id = $2 AND $1 IN (challenger_id, opponent_id)`;

export const claimKey = `INSERT INTO idempotency_keys (scope, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;

export const lockRound = `SELECT challenger_id AS challenger, opponent_id AS opponent FROM rounds WHERE id = $1 FOR UPDATE`;

export const insertTaunt = `INSERT INTO taunts (round_id, player_id, text) VALUES ($1, $2, $3) RETURNING id, created_at`;

export const touchRound = `UPDATE rounds SET updated_at = clock_timestamp() WHERE id = $1`;

export const storeAnswer = `UPDATE idempotency_keys SET answer = $3 WHERE scope = $1 AND key = $2`;
