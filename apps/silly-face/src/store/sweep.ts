import type { Database } from './database.ts';
import { readInstallationId } from './installation.ts';

/** The stored photos, as far as a sweep needs them. */
export interface SweptPhotos {
  /** Keys of the installation's photos that are older than this, page by page. */
  keysOlderThan(installationId: string, ageMs: number, signal: AbortSignal): AsyncIterable<string[]>;
  remove(keys: string[], signal: AbortSignal): Promise<void>;
}

/** Nobody is still about to write the row of a photo after this long. */
const UNCLAIMED_MS = 3_600_000;

/** Known to every process that sweeps, and to nothing else in this database. */
const LOCK = 0x511_face;

/** So few that one statement deletes them in a small part of the time that it has, on a slow machine, too. */
const BATCH = 5000;

/** Each sweep returns how many it deleted, or undefined when another process sweeps at the moment. It ends with the signal. */
export type Sweep = Promise<number | undefined>;

/** Deletes sessions past their time. */
export function sweepSessions(db: Database, signal: AbortSignal): Sweep {
  return sweepRows(
    db,
    `DELETE FROM sessions WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
    signal,
  );
}

/** Deletes idempotency keys older than a day. */
export function sweepIdempotencyKeys(db: Database, signal: AbortSignal): Sweep {
  return sweepRows(
    db,
    `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '1 day'
        ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
    signal,
  );
}

/**
 * Deletes photos of this installation, and of no other, that have no row: a process died between the two, or did not learn how
 * its COMMIT went.
 */
export function sweepPhotos(db: Database, photos: SweptPhotos, signal: AbortSignal): Sweep {
  return locked(db, signal, async () => {
    // Between its statements the photos are asked for: that may take longer than a request may.
    await db.query(`SET LOCAL idle_in_transaction_session_timeout = '60 s'`);
    return removeUnclaimed(db, photos, signal);
  });
}

/** Each batch is a transaction of its own: however many rows are over, what was deleted of them stays so. */
async function sweepRows(db: Database, deleteBatch: string, signal: AbortSignal): Sweep {
  let deleted: number | undefined;
  for (;;) {
    const batch = await locked(db, signal, async () => (await db.query(deleteBatch)).rowCount ?? 0);
    if (batch === undefined) return deleted; // Another process came in between, and goes on.
    deleted = (deleted ?? 0) + batch;
    if (batch < BATCH) return deleted;
  }
}

function locked(db: Database, signal: AbortSignal, work: () => Promise<number>): Sweep {
  return db.transaction({ signal }, async () => {
    const { rows } = await db.query<{ locked: boolean }>(`SELECT pg_try_advisory_xact_lock($1) AS locked`, [
      LOCK,
    ]);
    return rows[0]?.locked ? work() : undefined;
  });
}

async function removeUnclaimed(db: Database, photos: SweptPhotos, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for await (const keys of photos.keysOlderThan(await readInstallationId(db), UNCLAIMED_MS, signal)) {
    const { rows } = await db.query<{ key: string }>(
      `SELECT key FROM unnest($1::text[]) AS key WHERE NOT EXISTS (SELECT FROM turns WHERE photo_key = key)`,
      [keys],
    );
    if (rows.length > 0)
      await photos.remove(
        rows.map(({ key }) => key),
        signal,
      );
    removed += rows.length;
  }
  return removed;
}
