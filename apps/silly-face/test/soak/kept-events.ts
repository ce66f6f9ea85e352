import type { PartyMessage } from '@silly-face/testing';
import type { Database } from '../../src/store/database.ts';
import type { RoomHistory } from './room-history.ts';

/** Of each room what its members have heard and the database does not have. In one trip: the talk goes on meanwhile. */
export async function unkeptEvents(
  db: Database,
  histories: readonly RoomHistory[],
): Promise<Map<string, PartyMessage[]>> {
  const { rows } = await db.query<{ room: string; floor: number | null; seqs: number[] }>(
    `SELECT room, (state #>> '{recent,floor}')::float8 AS floor, (
       SELECT coalesce(json_agg(seq), '[]') FROM (
         SELECT seq FROM party_log WHERE room = party_rooms.room
         UNION ALL SELECT (event ->> 0)::bigint FROM json_array_elements(state #> '{recent,events}') AS event
       ) AS kept (seq)
     ) AS seqs FROM party_rooms LEFT JOIN party_snapshots USING (room)`,
  );
  const kept = new Map(
    rows.map(({ room, floor, seqs }) => [room, { floor: floor ?? 0, seqs: new Set(seqs) }]),
  );
  return new Map(
    histories.map(({ room, events }) => {
      const { floor = 0, seqs = NONE } = kept.get(room) ?? {};
      const unkept = [...events].flatMap(([seq, { event }]) => (seq > floor && !seqs.has(seq) ? event : []));
      return [room, unkept];
    }),
  );
}

const NONE: ReadonlySet<number> = new Set();
