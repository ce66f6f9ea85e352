import type { Database } from '../../store/database.ts';
import { FORGOTTEN_MS, UNENTERED_MS } from '../options.ts';
import { forget } from './history.ts';

/** Deletes what is over. Several may be at it at the same time. */
export async function sweep(db: Database): Promise<void> {
  await db.query(`DELETE FROM party_processes WHERE lease_ends_at < clock_timestamp()`);
  await db.query(`DELETE FROM party_seats WHERE expires_at < clock_timestamp()`);
  await db.transaction(() => sweepRooms(db, FORGOTTEN));
  await db.transaction(() => sweepRooms(db, UNENTERED));
}

const ago = (ms: number): string => `clock_timestamp() - ${ms} * interval '1 millisecond'`;

const FORGOTTEN = `touched_at < ${ago(FORGOTTEN_MS)}
  AND NOT EXISTS (SELECT FROM party_log WHERE room = party_rooms.room AND written_at > ${ago(FORGOTTEN_MS)})`;

/** Nobody has come into it: whoever joins is logged. A closed room has a higher fence, which must not begin again. */
const UNENTERED = `fence = 1 AND touched_at < ${ago(UNENTERED_MS)}
  AND NOT EXISTS (SELECT FROM party_log WHERE room = party_rooms.room)
  AND NOT EXISTS (SELECT FROM party_snapshots WHERE room = party_rooms.room)`;

async function sweepRooms(db: Database, isOver: string): Promise<void> {
  const locked = await db.query<{ room: string }>(
    `SELECT room FROM party_rooms WHERE ${isOver} FOR UPDATE SKIP LOCKED`,
  );
  if (locked.rows.length === 0) return;
  // Only now nothing is appended any more, and what was until now is seen.
  const over = await db.query<{ room: string }>(
    `DELETE FROM party_rooms WHERE room = ANY ($1) AND ${isOver} RETURNING room`,
    [locked.rows.map(({ room }) => room)],
  );
  await forget(
    db,
    over.rows.map(({ room }) => room),
  );
}
