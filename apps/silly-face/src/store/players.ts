import { rankName } from '../game/ranks.ts';
import type { Database } from './database.ts';
import { type KeyedRequest, type Once, once } from './idempotency.ts';
import { hashPassword, verifyPassword } from './passwords.ts';
import { Refused } from './refused.ts';

export interface Player {
  readonly id: string;
  readonly name: string;
  readonly rankName: string;
  readonly monocles: number;
}

export interface PlayerRow {
  id: string;
  name: string;
  monocles: number;
}

export const PLAYER_COLUMNS = 'players.id, players.name, players.monocles';

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** The fingerprint of `request` leaves the password out; a repeat must know it all the same. */
export async function signUp(
  db: Database,
  request: KeyedRequest,
  { name, password }: Credentials,
): Promise<Once<{ player: Player }>> {
  const hash = await hashPassword(password); // Before the transaction: it takes long.
  const outcome = await once(db, request, async () => {
    const { rows } = await db.query<PlayerRow>(
      `INSERT INTO players (name, password_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING ${PLAYER_COLUMNS}`,
      [name, hash],
    );
    const [row] = rows;
    if (!row) throw new Refused('name-taken', `The name ${name} is taken`);
    return { player: player(row) };
  });
  if (outcome.replayed && !(await findByCredentials(db, { name, password })))
    throw new Refused('idempotency-key-reused', 'This Idempotency-Key belongs to another request');
  return outcome;
}

export async function findByCredentials(
  db: Database,
  { name, password }: Credentials,
): Promise<Player | undefined> {
  const { rows } = await db.query<PlayerRow & { password_hash: string }>(
    `SELECT ${PLAYER_COLUMNS}, password_hash FROM players WHERE lower(name) = lower($1)`,
    [name],
  );
  const [row] = rows;
  return (await verifyPassword(password, row?.password_hash)) && row ? player(row) : undefined;
}

export interface Lobby {
  readonly players: Player[];
  /** The name to go on after, or null at the end. */
  readonly next: string | null;
}

/** Everybody but the asker, by name. */
export async function lobby(
  db: Database,
  asker: string,
  { limit, after }: { limit: number; after: string | undefined },
): Promise<Lobby> {
  const { rows } = await db.query<PlayerRow>(
    `SELECT ${PLAYER_COLUMNS} FROM players
      WHERE id <> $1 AND lower(name) > lower($2)
      ORDER BY lower(name) LIMIT $3`,
    [asker, after ?? '', limit + 1],
  );
  const page = rows.slice(0, limit);
  return { players: page.map(player), next: rows.length > limit ? (page.at(-1)?.name ?? null) : null };
}

export function player({ id, name, monocles }: PlayerRow): Player {
  return { id, name, rankName: rankName(monocles), monocles };
}
