import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { holdDecoder } from '../photo/held-decoder.ts';
import { draw } from './drawing.ts';
import { startRounds } from './rounds.ts';

const { rig, anna, submitting: round } = await startRounds();
const directory = await mkdtemp(join(tmpdir(), 'silly-face-busy-'));
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

it('a photo that gets no turn is answered with 503, changes nothing, and is taken under the same key', async () => {
  const photo = await draw();
  const key = randomUUID();
  const { letGo } = await holdDecoder(directory);
  const before = await rig.everything();

  const refused = await anna.submit(round, 'Smug Cat', photo, { key });
  expect(refused).toMatchObject({ status: 503, body: { status: 503, code: 'photos-busy' } });
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  expect(refused.headers.get('retry-after')).toBe('2');
  expect(await rig.everything()).toEqual(before);

  const waiting = anna.submit(round, 'Smug Cat', photo, { key });
  await letGo();
  const taken = await waiting;
  expect(taken.status).toBe(201);
  expect(taken.headers.get('idempotency-replayed')).toBeNull();
});
