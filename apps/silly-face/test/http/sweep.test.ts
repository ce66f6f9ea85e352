import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newPhotoKey } from '../../src/photo/photo-key.ts';
import { PhotoStorage } from '../../src/photo/storage.ts';
import { startSweeper } from '../../src/processes/sweeper.ts';
import { openDatabase } from '../../src/store/database.ts';
import { sweepIdempotencyKeys, sweepPhotos, sweepSessions, type SweptPhotos } from '../../src/store/sweep.ts';
import { startMigratedPostgres } from '../directory/migrated-postgres.ts';
import { newPlayer } from './client.ts';
import { draw } from './drawing.ts';
import { filesIn, startRig } from './rig.ts';

const rig = await startRig();
afterAll(() => rig[Symbol.asyncDispose]());
const anna = await newPlayer(rig);
const { signal } = new AbortController();

const HOUR_MS = 3_600_000;

describe('photos', () => {
  it('without a row are deleted once they are old, and no others', async () => {
    const bert = await newPlayer(rig);
    const { body: round } = await anna.post('/rounds', { opponentId: bert.id });
    const { body } = await anna.submit(round.id, 'Smug Cat', await draw());
    const file = join(rig.uploadDirectory, 'orphan.jpg');
    await writeFile(file, 'an orphan');
    // Of another database that shares the bucket, and from the time when keys did not tell whose they are.
    for (const key of [newPhotoKey(randomUUID(), round.id, 1), `photos/${round.id}/1-${randomUUID()}.jpg`])
      await rig.photos.put(file, key);
    const kept = await rig.objects();
    await rig.photos.put(file, newPhotoKey(await rig.installationId(), round.id, 1));
    await rm(file);
    expect(await sweepPhotos(rig.db, rig.photos, signal)).toBe(0);

    // As if an hour had passed.
    const later = {
      keysOlderThan: (installationId: string, ageMs: number) =>
        rig.photos.keysOlderThan(installationId, ageMs - 2 * HOUR_MS, signal),
      remove: (keys: string[]) => rig.photos.remove(keys),
    };
    expect(await sweepPhotos(rig.db, later, signal)).toBe(1);
    expect(await rig.objects()).toEqual(kept);
    expect((await anna.get(body.photoUrl)).status).toBe(200);
  });

  it('are kept by a database that has a bucket in common with theirs, and are none of its own', async () => {
    await using postgres = await startMigratedPostgres();
    const empty = openDatabase(postgres.connectionString);
    const kept = await rig.objects();
    expect(kept.length).toBeGreaterThan(0);
    const later = {
      keysOlderThan: (installationId: string) =>
        rig.photos.keysOlderThan(installationId, -2 * HOUR_MS, signal),
      remove: (keys: string[]) => rig.photos.remove(keys),
    };
    expect(await sweepPhotos(empty, later, signal)).toBe(0);
    expect(await rig.objects()).toEqual(kept);
    await empty.drain();
  });

  it('from before keys told whose they are can still be seen', async () => {
    const carl = await newPlayer(rig);
    const { body: round } = await anna.post('/rounds', { opponentId: carl.id });
    const { body } = await anna.submit(round.id, 'Smug Cat', await draw());
    const key = (await rig.objects()).find((each) => each.includes(round.id)) ?? '';
    const old = key.replace(`${await rig.installationId()}/`, '');
    expect(old).toMatch(/^photos\/[^/]+\/1-/);
    const file = join(rig.uploadDirectory, 'old.jpg');
    await writeFile(file, await rig.photos.read(key, signal));
    await rig.photos.put(file, old);
    await rm(file);
    await rig.photos.remove([key]);
    await rig.db.query('UPDATE turns SET photo_key = $1 WHERE photo_key = $2', [old, key]);
    expect((await carl.get(body.photoUrl)).status).toBe(200);
  });
});

describe('what is over in the database', () => {
  it('is deleted: sessions past their time, and keys older than a day', async () => {
    const carla = await newPlayer(rig);
    const key = randomUUID();
    await anna.post('/rounds', { opponentId: carla.id }, { key });
    await rig.db.query(`UPDATE sessions SET expires_at = now() - interval '1 s' WHERE player_id = $1`, [
      carla.id,
    ]);
    expect((await carla.get('/me')).status).toBe(401);
    await rig.db.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 h' WHERE key = $1`, [
      key,
    ]);
    expect(await sweepSessions(rig.db, signal)).toBe(1);
    expect(await sweepIdempotencyKeys(rig.db, signal)).toBe(1);
    expect((await anna.get('/me')).status).toBe(200);
  });

  it('is deleted in parts, each of which the time of a statement is enough for', async () => {
    await rig.db.query(NO_TIME_FOR_MORE);
    await addKeys(12_000);
    await addSessions(12_000);
    expect(await sweepIdempotencyKeys(rig.db, signal)).toBe(12_000);
    expect(await sweepSessions(rig.db, signal)).toBe(12_000);
  });

  it('and in use at the moment is left to the next sweep', async () => {
    await addKeys(2);
    await rig.db.transaction(async () => {
      await rig.db.query(`SELECT FROM idempotency_keys WHERE scope = 'sweep' AND key = '1' FOR UPDATE`);
      expect(await outside(() => sweepIdempotencyKeys(rig.db, signal))).toBe(1);
    });
    expect(await sweepIdempotencyKeys(rig.db, signal)).toBe(1);
  });
});

describe('another process that sweeps already', () => {
  it('is left alone, whatever it is at', async () => {
    await addKeys(1);
    const left: unknown[] = [];
    const photos = {
      async *keysOlderThan() {
        for (const sweep of [sweepSessions, sweepIdempotencyKeys])
          left.push(await outside(() => sweep(rig.db, signal)));
        left.push(await outside(() => sweepPhotos(rig.db, rig.photos, signal)));
        yield [];
      },
      remove: () => Promise.resolve(),
    };
    expect(await sweepPhotos(rig.db, photos, signal)).toBe(0);
    expect(left).toEqual([undefined, undefined, undefined]);
    expect(await sweepIdempotencyKeys(rig.db, signal)).toBe(1);
  });
});

describe('uploads', () => {
  it('that a killed process left behind are deleted', async () => {
    await leaveUploads();
    expect(await rig.uploads.sweep(Date.now())).toBe(1);
    expect(await filesIn(rig.uploadDirectory)).toEqual(['young.upload']);
  });
});

describe('the sweeper', () => {
  const swept = { db: rig.db, uploads: rig.uploads, photos: async (): Promise<SweptPhotos> => rig.photos };
  const soon = { firstMs: 1, everyMs: HOUR_MS };
  const told: object[] = [];
  const warnings: object[] = [];
  const log = {
    info: (fields: object) => void told.push(fields),
    warn: (fields: object) => void warnings.push(fields),
  };
  beforeEach(async () => {
    told.length = 0;
    warnings.length = 0;
    // One that was broken off keeps its lock until the server has noticed, and who comes before that leaves everything to it.
    const isHeld = `SELECT FROM pg_locks WHERE locktype = 'advisory'`;
    await waitUntil(async () => (await rig.db.query(isHeld)).rowCount === 0, {
      what: 'the end of the last sweep',
    });
  });

  it('runs by itself, and what fails is tried again the next time', async () => {
    await addSessions(1);
    let failures = 1;
    const photos = async () => {
      if (failures-- > 0) throw new Error('no photos yet');
      return rig.photos;
    };
    const sweeper = startSweeper({ ...swept, photos, log }, { firstMs: 1, everyMs: 1 });
    await waitUntil(() => failures < 0, { what: 'a second sweep' });
    await sweeper.stop();
    expect(warnings).toMatchObject([{ part: 'photos', err: { message: 'no photos yet' } }]);
    expect(await expiredSessions()).toBe(0);
  });

  it('goes on with the other parts after one that failed', async () => {
    await addKeys(1);
    await leaveUploads();
    await rig.db.query('ALTER TABLE sessions RENAME TO sessions_away');
    const photos = async () => Promise.reject(new Error('no photos'));
    const sweeper = startSweeper({ ...swept, photos, log }, soon);
    await waitUntil(() => told.length > 0, { what: 'a sweep' });
    await sweeper.stop();
    await rig.db.query('ALTER TABLE sessions_away RENAME TO sessions');
    expect(warnings).toMatchObject([{ part: 'sessions' }, { part: 'photos' }]);
    expect(told).toEqual([{ idempotencyKeys: 1, uploads: 1 }]);
  });

  it('that is stopped begins nothing more', async () => {
    await addSessions(12_000);
    const begin = rig.db.transaction.bind(rig.db) as (...args: unknown[]) => Promise<unknown>;
    const transaction = vi.spyOn(rig.db, 'transaction').mockImplementationOnce(async (...args: unknown[]) => {
      const outcome = await begin(...args);
      void sweeper.stop();
      return outcome;
    });
    const sweeper = startSweeper({ ...swept, log }, soon);
    // While it is under way its result is there as well, as one that is not complete.
    const isOver = (): boolean => transaction.mock.settledResults[0]?.type === 'fulfilled';
    await waitUntil(isOver, { what: 'a sweep' });
    await sweeper.stop();
    transaction.mockRestore();
    expect(await expiredSessions()).toBe(7000);
    expect([...told, ...warnings]).toEqual([]);
    await sweepSessions(rig.db, signal);
  });

  it('that is stopped does not wait for an S3 that hangs', { timeout: 5000 }, async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const hanging = new PhotoStorage({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'photos',
      accessKeyId: 'tester',
      secretAccessKey: 'a secret of tests',
    });
    const sweeper = startSweeper({ ...swept, photos: async () => hanging, log }, soon);
    await waitUntil(() => sockets.length > 0, { what: 'a sweep that waits' });
    await sweeper.stop();
    expect([...told, ...warnings]).toEqual([]);
    await waitUntil(() => rig.db.stats().borrowed === 0, { what: 'the sweep to give its client back' });
    await hanging.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('that is stopped does not wait for a lock in Postgres', async () => {
    const blocker = await rig.db.acquire();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE sessions');
    const sweeper = startSweeper({ ...swept, log }, soon);
    await waitUntil(async () => (await lockWaits()) > 0, { what: 'a sweep that waits' });
    await sweeper.stop();
    expect(warnings).toEqual([]); // The lock_timeout has not come by now.
    await waitUntil(() => rig.db.stats().borrowed === 1, { what: 'the sweep to give its client back' });
    await blocker.query('ROLLBACK');
    blocker.release();
  });
});

/** As if more than 5000 rows took longer than a statement may. */
const NO_TIME_FOR_MORE = `
  CREATE FUNCTION no_time_for_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM gone) > 5000 THEN RAISE query_canceled USING MESSAGE = 'statement timeout'; END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER no_time AFTER DELETE ON sessions REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION no_time_for_more();
  CREATE TRIGGER no_time AFTER DELETE ON idempotency_keys REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION no_time_for_more()`;

async function addSessions(count: number): Promise<void> {
  await rig.db.query(
    `INSERT INTO sessions (player_id, token_hash, expires_at)
      SELECT $1, sha256(gen_random_uuid()::text::bytea), now() - interval '1 s' FROM generate_series(1, $2::int)`,
    [anna.id, count],
  );
}

async function addKeys(count: number): Promise<void> {
  await rig.db.query(
    `INSERT INTO idempotency_keys (scope, key, fingerprint, created_at)
      SELECT 'sweep', number, sha256(''), now() - interval '25 h' FROM generate_series(1, $1::int) number`,
    [count],
  );
}

async function expiredSessions(): Promise<number> {
  const { rowCount } = await rig.db.query('SELECT FROM sessions WHERE expires_at < now()');
  return rowCount ?? 0;
}

async function lockWaits(): Promise<number> {
  const { rowCount } = await rig.db.query(
    `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
  );
  return rowCount ?? 0;
}

/** What the work asks of the database belongs to no transaction around it. */
function outside<Result>(work: () => Promise<Result>): Promise<Result> {
  return rig.db.transaction({ propagation: 'requires-new' }, work);
}

/** One that is two hours old, and one that is new. */
async function leaveUploads(): Promise<void> {
  await mkdir(rig.uploadDirectory, { recursive: true });
  const [old = '', young = ''] = ['old.upload', 'young.upload'].map((name) =>
    join(rig.uploadDirectory, name),
  );
  for (const path of [old, young]) await writeFile(path, 'x');
  const twoHoursAgo = new Date(Date.now() - 2 * HOUR_MS);
  await utimes(old, twoHoursAgo, twoHoursAgo);
}
