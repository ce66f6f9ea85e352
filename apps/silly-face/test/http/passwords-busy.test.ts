import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { afterAll, expect, it } from 'vitest';
import { type Answer, ask, newAccount, passwordOf } from './client.ts';
import { startRig } from './rig.ts';

const rig = await startRig();
afterAll(() => rig[Symbol.asyncDispose]());

/** More than any machine has time for. */
const MANY = 200;

it('more passwords than there is time for do not keep anything else waiting, and are answered with 503', async () => {
  const { name } = await newAccount(rig.url, 'patient');
  const json = { name, password: passwordOf(name) };
  const answers: Answer[] = [];
  const all = Array.from({ length: MANY }, async () => {
    answers.push(await ask(rig.url, 'POST', '/sessions', { json }));
  });
  await waitUntil(() => answers.length > 0, { what: 'the first answer' });
  const directory = await mkdtemp(join(tmpdir(), 'silly-face-busy-'));
  expect(answers.length).toBeLessThan(MANY / 4);
  await rm(directory, { recursive: true });

  await Promise.all(all);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused.length).toBeGreaterThan(0);
  for (const { status, headers, body } of refused) {
    expect({ status, body }).toMatchObject({ status: 503, body: { status: 503, code: 'passwords-busy' } });
    expect(headers.get('retry-after')).toBe('2');
  }
  expect((await ask(rig.url, 'POST', '/sessions', { json })).status).toBe(201);
});
