// Somebody asks directly, although the proxies that are trusted are elsewhere.
import { afterAll, expect, it } from 'vitest';
import { ask } from './client.ts';
import { startRig } from './rig.ts';

const rig = await startRig({ http: { trustProxy: ['192.0.2.1'] } });
afterAll(() => rig[Symbol.asyncDispose]());

it('nobody but a trusted proxy says under which id a request is known', async () => {
  const id = 'f'.repeat(32);
  const { headers } = await ask(rig.url, 'GET', '/live', { headers: { 'x-request-id': id } });
  expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
});

it('nor whether it came over HTTPS', async () => {
  const { headers } = await ask(rig.url, 'GET', '/live', { headers: { 'x-forwarded-proto': 'https' } });
  expect(headers.has('strict-transport-security')).toBe(false);
});
