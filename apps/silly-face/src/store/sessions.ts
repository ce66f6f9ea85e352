import { createHash, randomBytes } from 'node:crypto';
import type { Database } from './database.ts';
import { claim, type KeyedRequest, storeAnswer } from './idempotency.ts';
import {
  type Credentials,
  findByCredentials,
  type Player,
  player,
  PLAYER_COLUMNS,
  type PlayerRow,
} from './players.ts';
import { Refused } from './refused.ts';

export interface Session {
  /** Given out once; only its digest is stored. */
  readonly token: string;
  readonly expiresAt: Date;
  readonly player: Player;
}

const LIFETIME = '30 days';

/** What is stored with the key: the session of its first request. An answer that carries a token is not stored. */
interface LogInAnswer {
  readonly sessionId: string;
}

/**
 * A repeat with the same key proves itself again and gets a session of its own. Those before stay good: a repeat that comes late,
 * after a further one was answered, must not end what that one's client has. Those that nobody heard of run out.
 */
export async function logIn(db: Database, request: KeyedRequest, credentials: Credentials): Promise<Session> {
  const player = await findByCredentials(db, credentials);
  if (!player) throw new Refused('wrong-credentials', 'No player has this name and password');
  const token = randomBytes(32).toString('base64url');
  const expiresAt = await db.transaction(async () => {
    const earlier = await claim(db, request);
    const { rows } = await db.query<{ id: string; expires_at: Date }>(
      `INSERT INTO sessions (player_id, token_hash, expires_at)
        VALUES ($1, $2, now() + interval '${LIFETIME}') RETURNING id, expires_at`,
      [player.id, digest(token)],
    );
    const [row] = rows;
    if (!row) throw new Error('Inserting a session returned no row');
    const answer: LogInAnswer = { sessionId: row.id };
    if (!earlier) await storeAnswer(db, request, answer);
    return row.expires_at;
  });
  return { token, expiresAt, player };
}

export async function findSession(db: Database, token: string): Promise<Player> {
  const { rows } = await db.query<PlayerRow>(
    `SELECT ${PLAYER_COLUMNS} FROM sessions JOIN players ON players.id = sessions.player_id
      WHERE token_hash = $1 AND expires_at > now()`,
    [digest(token)],
  );
  const [row] = rows;
  if (!row) throw new Refused('not-logged-in', 'The session is unknown or over: log in again');
  return player(row);
}

export async function logOut(db: Database, token: string): Promise<void> {
  await db.query(`DELETE FROM sessions WHERE token_hash = $1`, [digest(token)]);
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
