import type { Database } from '../../store/database.ts';
import { FORGOTTEN_MS } from '../options.ts';
import { forget } from './history.ts';

/** Deletes what is over. Several may be at it at the same time. */
export async function sweep(db: Database): Promise<void> {
  await db.query(`DELETE FROM party_processes WHERE lease_ends_at < clock_timestamp()`);
  await db.query(`DELETE FROM party_seats WHERE expires_at < clock_timestamp()`);
  await db.transaction(() => sweepRooms(db));
}

async function sweepRooms(db: Database): Promise<void> {
  const long = `clock_timestamp() - ${FORGOTTEN_MS} * interval '1 millisecond'`;
  const locked = await db.query<{ room: string }>(
    `SELECT room FROM party_rooms WHERE touched_at < ${long} FOR UPDATE SKIP LOCKED`,
  );
  if (locked.rows.length === 0) return;
  // Only now nothing is appended any more, and what was until now is seen.
  const over = await db.query<{ room: string }>(
    `DELETE FROM party_rooms WHERE room = ANY ($1)
        AND NOT EXISTS (SELECT FROM party_log WHERE room = party_rooms.room AND written_at > ${long})
      RETURNING room`,
    [locked.rows.map(({ room }) => room)],
  );
  await forget(
    db,
    over.rows.map(({ room }) => room),
  );
}
