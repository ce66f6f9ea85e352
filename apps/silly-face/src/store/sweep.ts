import type { Database } from './database.ts';

/** The stored photos, as far as a sweep needs them. */
export interface SweptPhotos {
  /** Keys of photos that are older than this, page by page. */
  keysOlderThan(ageMs: number): AsyncIterable<string[]>;
  remove(keys: string[]): Promise<void>;
}

/** Nobody is still about to write the row of a photo after this long. */
const UNCLAIMED_MS = 3_600_000;

/** Known to every process that sweeps, and to nothing else in this database. */
const LOCK = 0x511_face;

/** Deletes what is over: sessions past their time, and idempotency keys older than a day. */
export async function sweepExpired(db: Database): Promise<{ sessions: number; idempotencyKeys: number }> {
  const sessions = await db.query(`DELETE FROM sessions WHERE expires_at < now()`);
  const keys = await db.query(`DELETE FROM idempotency_keys WHERE created_at < now() - interval '1 day'`);
  return { sessions: sessions.rowCount ?? 0, idempotencyKeys: keys.rowCount ?? 0 };
}

/**
 * Deletes photos without a row: a process died between the two, or did not learn how its COMMIT went. Returns how many, or
 * undefined when another process sweeps at the moment.
 */
export function sweepPhotos(db: Database, photos: SweptPhotos): Promise<number | undefined> {
  return db.transaction(async () => {
    // Between its statements the photos are asked for: that may take longer than a request may.
    await db.query(`SET LOCAL idle_in_transaction_session_timeout = '60 s'`);
    const { rows } = await db.query<{ locked: boolean }>(`SELECT pg_try_advisory_xact_lock($1) AS locked`, [
      LOCK,
    ]);
    return rows[0]?.locked ? removeUnclaimed(db, photos) : undefined;
  });
}

async function removeUnclaimed(db: Database, photos: SweptPhotos): Promise<number> {
  let removed = 0;
  for await (const keys of photos.keysOlderThan(UNCLAIMED_MS)) {
    const { rows } = await db.query<{ key: string }>(
      `SELECT key FROM unnest($1::text[]) AS key WHERE NOT EXISTS (SELECT FROM turns WHERE photo_key = key)`,
      [keys],
    );
    if (rows.length > 0) await photos.remove(rows.map(({ key }) => key));
    removed += rows.length;
  }
  return removed;
}
