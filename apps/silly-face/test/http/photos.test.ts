import { randomUUID } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startSweeper } from '../../src/processes/sweeper.ts';
import { sweepExpired, sweepPhotos } from '../../src/store/sweep.ts';
import { draw, look } from './drawing.ts';
import { ask, newPlayer, type TestPlayer } from './client.ts';
import { filesIn, type Rig, startRig } from './rig.ts';

let rig: Rig;
let anna: TestPlayer;
let bert: TestPlayer;

beforeAll(async () => {
  rig = await startRig();
  [anna, bert] = await Promise.all([newPlayer(rig), newPlayer(rig)]);
});
afterAll(() => rig[Symbol.asyncDispose]());

/** The path of the photo. */
async function show(photo: Blob): Promise<string> {
  const opponent = await newPlayer(rig);
  const { body: round } = await anna.post('/rounds', { opponentId: opponent.id });
  const { body } = await anna.submit(round.id, 'Smug Cat', photo);
  return body.photoUrl;
}

describe('a photo', () => {
  it.each(['jpeg', 'png', 'webp'] as const)(
    'comes back as a JPEG of the same picture: %s',
    async (format) => {
      const path = await show(await draw({ format, colour: { r: 10, g: 200, b: 90 } }));
      const { status, headers, body } = await anna.get(path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('image/jpeg');
      const seen = await look(body);
      expect(seen).toMatchObject({ format: 'jpeg', width: 64, height: 48 });
      expect([seen.r / 10, seen.g / 10, seen.b / 10].map(Math.round)).toEqual([1, 20, 9]);
    },
  );

  it('is stripped of its metadata', async () => {
    const photo = await draw({ comment: 'taken at home' });
    expect(Buffer.from(await photo.arrayBuffer()).includes('taken at home')).toBe(true);
    const { body } = await anna.get(await show(photo));
    expect(body.includes('taken at home')).toBe(false);
    expect(await look(body)).toMatchObject({ hasMetadata: false });
  });

  it('is turned upright, as its metadata said', async () => {
    const { body } = await anna.get(await show(await draw({ width: 80, height: 40, orientation: 6 })));
    expect(await look(body)).toMatchObject({ width: 40, height: 80 });
  });

  it('is scaled down to 1080 on its longest side', async () => {
    const { body } = await anna.get(await show(await draw({ width: 500, height: 2160 })));
    expect(await look(body)).toMatchObject({ width: 250, height: 1080 });
  });

  it('is not sent again to who has it', async () => {
    const path = await show(await draw());
    const { headers } = await anna.get(path);
    const etag = headers.get('etag') ?? '';
    expect(headers.get('cache-control')).toContain('immutable');
    for (const tags of [etag, `"other", W/${etag}`, '*']) {
      const again = await anna.get(path, { headers: { 'if-none-match': tags } });
      expect(again.status).toBe(304);
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.body).toHaveLength(0);
    }
    expect((await anna.get(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('is described to HEAD as to GET, without a look into the storage', async () => {
    const path = await show(await draw());
    const { headers, body } = await anna.get(path);
    const read = vi.spyOn(rig.photos, 'read');
    const described = await ask(rig.url, 'HEAD', path, { token: anna.token });
    expect(described.status).toBe(200);
    expect(Number(described.headers.get('content-length'))).toBe(body.length);
    for (const name of ['content-type', 'etag', 'cache-control'])
      expect(described.headers.get(name)).toBe(headers.get(name));
    const known = { token: anna.token, headers: { 'if-none-match': headers.get('etag') ?? '' } };
    expect((await ask(rig.url, 'HEAD', path, known)).status).toBe(304);
    expect((await ask(rig.url, 'HEAD', path)).status).toBe(401);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
  });

  it('that was submitted twice with one key is the same request, whatever order the form has', async () => {
    const { body: round } = await anna.post('/rounds', { opponentId: bert.id });
    const photo = await draw({ colour: { r: 1, g: 2, b: 3 } });
    const key = 'one key';
    const refused = await anna.submit(round.id, 'Smug Cat', photo, { key });
    expect(refused.body.code).toBe('idempotency-key-invalid');
    const first = await anna.submit(round.id, 'Smug Cat', photo, { key: 'one-key' });
    const reversed = new FormData();
    reversed.append('photo', photo);
    reversed.append('face', 'Smug Cat');
    const again = await anna.submit(round.id, '', photo, { key: 'one-key', body: reversed });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await anna.submit(round.id, 'Smug Cat', await draw(), { key: 'one-key' });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });
});

describe('the sweep', () => {
  it('deletes photos without a row once they are old, and no others', async () => {
    const path = await show(await draw());
    const kept = await rig.objects();
    const file = join(rig.uploadDirectory, 'orphan.jpg');
    await writeFile(file, 'an orphan');
    await rig.photos.put(file, 'photos/nobody/1-orphan.jpg');
    expect(await sweepPhotos(rig.db, rig.photos)).toBe(0);

    // As if an hour had passed.
    const later = {
      keysOlderThan: (ageMs: number) => rig.photos.keysOlderThan(ageMs - 2 * 3_600_000),
      remove: (keys: string[]) => rig.photos.remove(keys),
    };
    expect(await sweepPhotos(rig.db, later)).toBe(1);
    expect(await rig.objects()).toEqual(kept);
    expect((await anna.get(path)).status).toBe(200);
    await rig.uploads.sweep(Date.now() + 7_200_000);
  });

  it('leaves it to another process that sweeps already', async () => {
    let inner: number | undefined;
    const photos = {
      async *keysOlderThan() {
        inner = await rig.db.transaction({ propagation: 'requires-new' }, () =>
          sweepPhotos(rig.db, rig.photos),
        );
        yield [];
      },
      remove: () => Promise.resolve(),
    };
    expect(await sweepPhotos(rig.db, photos)).toBe(0);
    expect(inner).toBeUndefined();
  });

  it('deletes sessions that are over and keys older than a day', async () => {
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
    expect(await sweepExpired(rig.db)).toEqual({ sessions: 1, idempotencyKeys: 1 });
    expect((await anna.get('/me')).status).toBe(200);
  });

  it('runs by itself, and what fails is tried again the next time', async () => {
    const carla = await newPlayer(rig);
    await rig.db.query(`UPDATE sessions SET expires_at = now() WHERE player_id = $1`, [carla.id]);
    let failures = 1;
    const warnings: unknown[] = [];
    const sweeper = startSweeper(
      {
        db: rig.db,
        uploads: rig.uploads,
        photos: () =>
          failures-- > 0 ? Promise.reject(new Error('no photos yet')) : Promise.resolve(rig.photos),
        log: { info: () => {}, warn: (fields) => warnings.push(fields) },
      },
      { firstMs: 1, everyMs: 1 },
    );
    await waitUntil(() => failures < 0, { what: 'a second sweep' });
    await sweeper.stop();
    expect(warnings).toHaveLength(1);
    const { rowCount } = await rig.db.query(`SELECT FROM sessions WHERE player_id = $1`, [carla.id]);
    expect(rowCount).toBe(0);
  });

  it('deletes uploads that a killed process left behind', async () => {
    await mkdir(rig.uploadDirectory, { recursive: true });
    const [old, young] = ['old.upload', 'young.upload'].map((name) => join(rig.uploadDirectory, name));
    for (const path of [old, young]) await writeFile(path ?? '', 'x');
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(old ?? '', twoHoursAgo, twoHoursAgo);
    expect(await rig.uploads.sweep(Date.now())).toBe(1);
    expect(await filesIn(rig.uploadDirectory)).toEqual(['young.upload']);
  });
});
