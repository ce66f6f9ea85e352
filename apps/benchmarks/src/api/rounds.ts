import { createHash, randomBytes } from 'node:crypto';
import type { Client } from 'pg';

/** A round, with the token of one of its players. */
export interface Seat {
  readonly round: string;
  readonly token: string;
  /** Where that player is. */
  readonly address: string;
}

const TAUNTS = 20;

/** Players who are logged in, each in a round of their own, in which a photo was submitted and much was said. */
export async function makeRounds(client: Client, count: number): Promise<Seat[]> {
  const seats: Seat[] = [];
  for (let index = 0; index < count; index++) {
    const token = randomBytes(32).toString('base64url');
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO players (name, password_hash) VALUES ($1, 'none'), ($2, 'none') RETURNING id`,
      [`challenger-${index}`, `opponent-${index}`],
    );
    const [challenger, opponent] = rows.map(({ id }) => id);
    await client.query(
      `INSERT INTO sessions (player_id, token_hash, expires_at) VALUES ($1, $2, now() + interval '1 day')`,
      [challenger, createHash('sha256').update(token).digest()],
    );
    const made = await client.query<{ id: string }>(
      'INSERT INTO rounds (challenger_id, opponent_id) VALUES ($1, $2) RETURNING id',
      [challenger, opponent],
    );
    const round = made.rows[0]?.id ?? '';
    await client.query(
      `INSERT INTO turns (round_id, number, submitter_id, face, choices, photo_key, photo_sha256, photo_bytes, submitted_at)
        VALUES ($1, 1, $2, 'Smug Cat', $3, $1::uuid::text, $4, 1, now())`,
      [round, opponent, ['Smug Cat', 'Puzzled Pug', 'Dizzy Flamingo', 'Vain Peacock'], randomBytes(32)],
    );
    await client.query(
      `INSERT INTO taunts (round_id, player_id, text) SELECT $1, $2, 'What a face!' FROM generate_series(1, ${TAUNTS})`,
      [round, opponent],
    );
    seats.push({ round, token, address: `203.0.113.${index + 1}` });
  }
  await client.query('ANALYZE');
  return seats;
}
