import type { Database } from './database.ts';
import { lockSeat, touchRound } from './rounds.ts';

export interface Taunt {
  readonly id: string;
  readonly playerId: string;
  readonly text: string;
  readonly createdAt: string;
}

/** Either player may taunt at any time. */
export function taunt(
  db: Database,
  { roundId, playerId }: { roundId: string; playerId: string },
  text: string,
): Promise<Taunt> {
  return db.transaction(async () => {
    // Under the round's lock ids grow in the order of commits, so nobody who reads "the newest" misses one.
    await lockSeat(db, roundId, playerId);
    const inserted = db.query<{ id: string; created_at: Date }>(
      `INSERT INTO taunts (round_id, player_id, text) VALUES ($1, $2, $3) RETURNING id, created_at`,
      [roundId, playerId, text],
    );
    // Both in one round trip.
    const [{ rows }] = await Promise.all([inserted, touchRound(db, roundId)]);
    const [row] = rows;
    if (!row) throw new Error('Inserting a taunt returned no row');
    return { id: row.id, playerId, text, createdAt: row.created_at.toISOString() };
  });
}
