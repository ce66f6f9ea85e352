import type { Database } from '../../store/database.ts';
import type { Claim, Hold, LocateOptions, Snapshot } from '../directory.ts';
import { fenceLost, noProcess, noRoom, processExpired } from '../refusals.ts';
import { ALIVE, partyProcess, PROCESS_COLUMNS, type ProcessRow } from './processes.ts';
import { forget, keepSnapshot } from './history.ts';

interface ClaimRow extends ProcessRow {
  fence: number;
}

export async function locate(db: Database, room: string, options: LocateOptions): Promise<Claim> {
  const { aboveFence = 0 } = options;
  // Most ask for a room that somebody has: one trip, and no lock.
  const claim = await findClaim(db, room, aboveFence);
  return claim ?? (await db.transaction(() => claimRoom(db, room, options)));
}

/** A claim that is not above the fence does not count: the store lost its memory, and who says so had the room later. */
async function findClaim(db: Database, room: string, aboveFence: number): Promise<Claim | undefined> {
  const { rows } = await db.query<ClaimRow>(
    `SELECT fence::float8, ${PROCESS_COLUMNS} FROM party_rooms JOIN party_processes ON id = owner
      WHERE room = $1 AND fence > $2 AND ${ALIVE}`,
    [room, aboveFence],
  );
  return rows[0] && claimOf(room, rows[0]);
}

async function claimRoom(
  db: Database,
  room: string,
  { to, aboveFence = 0, mustExist = false }: LocateOptions,
): Promise<Claim> {
  await lockRoom(db, room, mustExist);
  // A new statement: it sees what others have done while this one waited for the lock.
  const earlier = await findClaim(db, room, aboveFence);
  if (earlier) return earlier;
  // Who asks at the same moment sees the same loads: equals are chosen by chance. Until its next heartbeat the room is counted here.
  const { rows } = await db.query<ClaimRow>(
    `WITH chosen AS (
       SELECT ${PROCESS_COLUMNS} FROM party_processes WHERE ${ALIVE} AND NOT draining AND ($2::text IS NULL OR id = $2)
        ORDER BY rooms, connections, random() LIMIT 1
     ), counted AS (
       UPDATE party_processes SET rooms = party_processes.rooms + 1 FROM chosen WHERE party_processes.id = chosen.id
     )
     UPDATE party_rooms SET owner = chosen.id, fence = greatest(fence, $3::bigint) + 1
       FROM chosen WHERE room = $1 RETURNING fence::float8, chosen.*`,
    [room, to ?? null, aboveFence],
  );
  if (!rows[0]) throw noProcess(room, to);
  return claimOf(room, rows[0]);
}

async function lockRoom(db: Database, room: string, mustExist: boolean): Promise<void> {
  const { rowCount } = await db.query(
    mustExist
      ? `UPDATE party_rooms SET touched_at = clock_timestamp() WHERE room = $1`
      : `INSERT INTO party_rooms (room) VALUES ($1) ON CONFLICT (room) DO UPDATE SET touched_at = clock_timestamp()`,
    [room],
  );
  if (rowCount === 0) throw noRoom(room);
}

export function handOver(db: Database, hold: Hold, to: string, snapshot: Snapshot): Promise<Claim> {
  const { room, fence, owner } = hold;
  return db.transaction(async () => {
    const { rows } = await db.query<ClaimRow>(
      `UPDATE party_rooms SET owner = id, fence = fence + 1, touched_at = clock_timestamp()
        FROM party_processes WHERE room = $1 AND fence = $2 AND owner = $3 AND id = $4 AND ${ALIVE} AND NOT draining
        RETURNING fence::float8, ${PROCESS_COLUMNS}`,
      [room, fence, owner.id, to],
    );
    if (!rows[0]) throw await whyNotHandedOver(db, hold, to);
    await keepSnapshot(db, room, snapshot);
    await db.query(`UPDATE party_processes SET rooms = rooms + 1 WHERE id = $1`, [to]);
    return claimOf(room, rows[0]);
  });
}

async function whyNotHandedOver(db: Database, hold: Hold, to: string): Promise<Error> {
  const { room, fence, owner } = hold;
  const { rowCount } = await db.query(
    `SELECT FROM party_rooms WHERE room = $1 AND fence = $2 AND owner = $3`,
    [room, fence, owner.id],
  );
  return rowCount === 0 ? fenceLost('Hand over', hold) : processExpired(`Hand over room ${room}`, to);
}

export function release(db: Database, hold: Hold, snapshot: Snapshot): Promise<void> {
  return db.transaction(async () => {
    await giveUp(db, 'Release', hold);
    await keepSnapshot(db, hold.room, snapshot);
  });
}

export function close(db: Database, hold: Hold): Promise<void> {
  return db.transaction(async () => {
    await giveUp(db, 'Close', hold);
    await forget(db, [hold.room]);
  });
}

/** The fence rises here already: who had the room cannot write to it while nobody has it. */
async function giveUp(db: Database, operation: string, hold: Hold): Promise<void> {
  const { rowCount } = await db.query(
    `UPDATE party_rooms SET owner = NULL, fence = fence + 1, touched_at = clock_timestamp()
      WHERE room = $1 AND fence = $2 AND owner = $3`,
    [hold.room, hold.fence, hold.owner.id],
  );
  if (rowCount === 0) throw fenceLost(operation, hold);
}

function claimOf(room: string, row: ClaimRow): Claim {
  return { room, fence: row.fence, owner: partyProcess(row) };
}
