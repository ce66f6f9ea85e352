import type { Database } from './database.ts';
import { readRound } from './rounds.ts';
import { Refused } from './refused.ts';
import type { StoredPhoto } from './moves.ts';

/** Where the photo of a turn is, for one of the round's two players. */
export async function findPhoto(
  db: Database,
  { roundId, playerId }: { roundId: string; playerId: string },
  turn: number,
): Promise<StoredPhoto> {
  await readRound(db, roundId, playerId);
  const { rows } = await db.query<StoredPhoto>(
    `SELECT photo_key AS key, photo_sha256 AS sha256, photo_bytes AS bytes FROM turns
      WHERE round_id = $1 AND number = $2`,
    [roundId, turn],
  );
  const [photo] = rows;
  if (!photo) throw new Refused('photo-not-found', `Turn ${turn} has no photo`);
  return photo;
}
