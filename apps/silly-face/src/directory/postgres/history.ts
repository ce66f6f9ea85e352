import { DatabaseError } from 'pg';
import type { Database } from '../../store/database.ts';
import type { Append, Hold, LogEntry, Snapshot } from '../directory.ts';
import { fenceLost } from '../refusals.ts';

/** What is written twice is there once. */
export async function append(db: Database, batch: readonly Append[]): Promise<('written' | 'fence-lost')[]> {
  if (batch.length === 0) return [];
  const values = valuesOf(batch);
  try {
    return await insert(db, batch.length, values);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === UNIQUE_VIOLATION)) throw error;
    // Some of it is there from a trip whose answer did not come: too rare to look for it each time, which the server pays for.
    return insert(db, batch.length, values, { again: true });
  }
}

const UNIQUE_VIOLATION = '23505';

function valuesOf(batch: readonly Append[]): unknown[] {
  const at: number[] = [];
  const seqs: number[] = [];
  const events: string[] = [];
  for (const [index, { entries }] of batch.entries()) {
    for (const { seq, event } of entries) {
      at.push(index + 1);
      seqs.push(seq);
      events.push(JSON.stringify(event));
    }
  }
  return [
    batch.map(({ room }) => room),
    numbers(batch.map(({ fence }) => fence)),
    batch.map(({ owner }) => owner.id),
    numbers(at),
    numbers(seqs),
    // JSON has no line feed: nothing is escaped again, here or there, as it is in an array.
    events.join('\n'),
  ];
}

/**
 * Fences and owners are checked by the statement that locks the rooms: one that waits behind a new claim finds the claim's fence when it
 * has the lock. The order keeps two batches from locking each other out. Mostly none is lost, and there is no row to read.
 */
async function insert(
  db: Database,
  rooms: number,
  values: unknown[],
  { again = false } = {},
): Promise<('written' | 'fence-lost')[]> {
  const { rows } = await db.query<{ at: number }>(
    `WITH asked AS (
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) WITH ORDINALITY AS asked (room, fence, owner, at)
     ), held AS (
       SELECT room, at FROM party_rooms JOIN asked USING (room, fence, owner) ORDER BY room FOR UPDATE OF party_rooms
     ), written AS (
       INSERT INTO party_log (room, seq, event)
         SELECT ${again ? 'DISTINCT ON (room, seq)' : ''} room, seq, event
           FROM held
             JOIN unnest($4::int[], $5::bigint[], string_to_array($6, E'\\n')::json[]) AS entry (at, seq, event) USING (at)
         ${again ? AGAIN : ''}
     )
     SELECT at::int FROM asked WHERE at NOT IN (SELECT at FROM held)`,
    values,
  );
  const lost = new Set(rows.map(({ at }) => at));
  return Array.from({ length: rooms }, (_, index) => (lost.has(index + 1) ? 'fence-lost' : 'written'));
}

const AGAIN = `ON CONFLICT (room, seq) DO UPDATE SET event = excluded.event, written_at = excluded.written_at`;

/** As an array of Postgres. */
function numbers(items: readonly number[]): string {
  return `{${items.join()}}`;
}

export function saveSnapshot(db: Database, hold: Hold, snapshot: Snapshot): Promise<void> {
  return db.transaction(async () => {
    await lock(db, 'Save', hold);
    await keepSnapshot(db, hold.room, snapshot);
  });
}

export function replace(db: Database, hold: Hold, snapshot: Snapshot): Promise<void> {
  return db.transaction(async () => {
    await lock(db, 'Replace', hold);
    await forget(db, [hold.room]);
    await keepSnapshot(db, hold.room, snapshot);
  });
}

async function lock(db: Database, operation: string, hold: Hold): Promise<void> {
  const { rowCount } = await db.query(
    `UPDATE party_rooms SET touched_at = clock_timestamp() WHERE room = $1 AND fence = $2 AND owner = $3`,
    [hold.room, hold.fence, hold.owner.id],
  );
  if (rowCount === 0) throw fenceLost(operation, hold);
}

/** For who has locked the room, in the statement before. An older snapshot does not take the place of a newer one. */
export async function keepSnapshot(db: Database, room: string, { seq, state }: Snapshot): Promise<void> {
  await Promise.all([
    db.query(
      `INSERT INTO party_snapshots (room, seq, state) VALUES ($1, $2, $3)
        ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, state = excluded.state
        WHERE party_snapshots.seq <= excluded.seq`,
      [room, seq, JSON.stringify(state)],
    ),
    db.query(`DELETE FROM party_log WHERE room = $1 AND seq <= $2`, [room, seq]),
  ]);
}

/** For who has locked the rooms, in the statement before. */
export async function forget(db: Database, rooms: readonly string[]): Promise<void> {
  await Promise.all([
    db.query(`DELETE FROM party_snapshots WHERE room = ANY ($1)`, [rooms]),
    db.query(`DELETE FROM party_log WHERE room = ANY ($1)`, [rooms]),
  ]);
}

export async function load(
  db: Database,
  hold: Hold,
): Promise<{ snapshot: Snapshot | undefined; log: LogEntry[] }> {
  // No lock: whoever wrote before this fence has committed, and whoever comes after it has another.
  const { rows } = await db.query<{ seq: number | null; state: unknown; log: LogEntry[] }>(
    `SELECT party_snapshots.seq::float8, state, (
       SELECT coalesce(json_agg(json_build_object('seq', seq, 'event', event) ORDER BY seq), '[]') FROM party_log
        WHERE room = party_rooms.room AND (party_snapshots.seq IS NULL OR seq > party_snapshots.seq)
     ) AS log
       FROM party_rooms LEFT JOIN party_snapshots USING (room) WHERE room = $1 AND fence = $2 AND owner = $3`,
    [hold.room, hold.fence, hold.owner.id],
  );
  const [row] = rows;
  if (!row) throw fenceLost('Load', hold);
  return { snapshot: row.seq === null ? undefined : { seq: row.seq, state: row.state }, log: row.log };
}
