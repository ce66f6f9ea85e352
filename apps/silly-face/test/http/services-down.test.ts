import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { draw } from './drawing.ts';
import { ask, newPlayer } from './client.ts';
import { filesIn, recovered } from './rig.ts';
import { startRounds } from './rounds.ts';

const { rig, anna, bert, submitting: round } = await startRounds();
afterAll(() => rig[Symbol.asyncDispose]());

describe('without S3', () => {
  it('a submission and a photo are answered with 503, nothing changes, and it recovers by itself', async () => {
    const photo = await draw();
    await anna.submit(round, 'Smug Cat', photo);
    const other = (await bert.post('/rounds', { opponentId: (await newPlayer(rig)).id })).body.id;
    const before = await rig.everything();
    const key = randomUUID();

    await rig.stopS3();
    const submitted = await bert.submit(other, 'Smug Cat', photo, { key });
    expect(submitted).toMatchObject({ status: 503, body: { code: 'storage-unavailable' } });
    expect(Number(submitted.headers.get('retry-after'))).toBeGreaterThan(0);
    const seen = await bert.get(`/rounds/${round}/turns/1/photo`);
    expect(seen).toMatchObject({ status: 503, body: { code: 'storage-unavailable' } });
    expect(seen.headers.get('cache-control')).toBe('no-store');
    expect((await bert.get('/me')).status).toBe(200);

    await rig.startS3();
    expect(await rig.everything()).toEqual(before);
    const again = await waitUntil(
      async () => {
        const answer = await bert.submit(other, 'Smug Cat', photo, { key });
        return answer.status === 201 ? answer : undefined;
      },
      { what: 'submissions to be taken again' },
    );
    expect(again?.headers.get('idempotency-replayed')).toBeNull();
    expect((await bert.get(`/rounds/${round}/turns/1/photo`)).status).toBe(200);
  });
});

describe('without Postgres', () => {
  it.each(['kill', 'stop'] as const)(
    'everything is answered with 503, and it recovers by itself (%s)',
    async (end) => {
      const key = randomUUID();
      const taunt = () => bert.post(`/rounds/${round}/taunts`, { text: `after a ${end}` }, { key });
      await rig.postgres[end]();

      const photo = await draw();
      const answers = await Promise.all([
        anna.get('/me'),
        anna.get(`/rounds/${round}`),
        taunt(),
        anna.submit(round, 'Smug Cat', photo),
        ask(rig.url, 'POST', '/accounts', { json: { name: `during-${end}`, password: 'long enough' } }),
        ask(rig.url, 'POST', '/sessions', {
          json: { name: anna.name, password: 'long enough' },
        }),
      ]);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect((await ask(rig.url, 'GET', '/_health')).status).toBe(200);
      expect(await filesIn(rig.uploadDirectory)).toEqual([]);

      await rig.postgres.start();
      const said = await waitUntil(
        async () => {
          const answer = await taunt();
          return answer.status === 201 ? answer : undefined;
        },
        { what: 'Postgres to be used again' },
      );
      const { body } = await anna.get(`/rounds/${round}`);
      expect(body.taunts.at(-1)).toEqual(said?.body.taunt);
      expect(body.taunts.filter(({ text }: { text: string }) => text === `after a ${end}`)).toHaveLength(1);
      await recovered(rig.db);
    },
  );
});

describe('when Postgres goes away between the photo and its row', () => {
  it('the photo is deleted, and the same request succeeds later', async () => {
    const dora = await newPlayer(rig);
    const { body } = await dora.post('/rounds', { opponentId: anna.id });
    const photo = await draw();
    const key = randomUUID();
    const objectsBefore = (await rig.objects()).length;
    const put = rig.photos.put.bind(rig.photos);
    vi.spyOn(rig.photos, 'put').mockImplementationOnce(async (...photoAndKey) => {
      await put(...photoAndKey);
      await rig.postgres.kill();
    });
    const refused = await dora.submit(body.id, 'Smug Cat', photo, { key });
    expect(refused).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
    expect(await rig.objects()).toHaveLength(objectsBefore);

    await rig.postgres.start();
    const submitted = await waitUntil(
      async () => {
        const answer = await dora.submit(body.id, 'Smug Cat', photo, { key });
        return answer.status === 503 ? undefined : answer;
      },
      { what: 'Postgres to be used again' },
    );
    expect(submitted).toMatchObject({ status: 201, body: { state: 'WAITING_GUESS' } });
    expect(await rig.objects()).toHaveLength(objectsBefore + 1);
  });
});
