import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { draw, look } from './drawing.ts';
import { ask, newPlayer, type TestPlayer } from './client.ts';
import { type Rig, startRig } from './rig.ts';

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
    expect(headers.get('vary')).toBe('authorization'); // Somebody else may use the same browser.
    for (const tags of [etag, `"other", W/${etag}`, '*']) {
      const again = await anna.get(path, { headers: { 'if-none-match': tags } });
      expect(again.status).toBe(304);
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('vary')).toBe('authorization');
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
    for (const name of ['content-type', 'etag', 'cache-control', 'vary'])
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
