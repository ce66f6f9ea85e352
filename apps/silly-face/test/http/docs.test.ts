import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as SecurityHeaders from '../../src/http/security-headers.ts';
import { ask } from './client.ts';
import { type Rig, startRig } from './rig.ts';

let failures = 1;
vi.mock('../../src/http/security-headers.ts', async (importOriginal) => {
  const original = await importOriginal<typeof SecurityHeaders>();
  let apps = 0;
  return {
    ...original,
    securityHeaders: (...app: Parameters<typeof original.securityHeaders>) => {
      // The first app is the game's own; those after it are the page.
      if (++apps > 1 && failures-- > 0) throw new Error('The page could not be loaded');
      original.securityHeaders(...app);
    },
  };
});

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig[Symbol.asyncDispose]());

describe('the documentation', () => {
  it('that could not be loaded once is loaded the next time', async () => {
    expect(await ask(rig.url, 'GET', '/docs')).toMatchObject({
      status: 500,
      body: { code: 'internal-error' },
    });
    expect((await ask(rig.url, 'GET', '/docs')).status).toBe(200);
  });

  it('may load what it needs, and has the other headers of all answers', async () => {
    const { headers, body } = await ask(rig.url, 'GET', '/docs');
    expect(body).toContain('swagger-ui');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  it('knows a request that fails by the id of the log', async () => {
    const { status, headers, body } = await ask(rig.url, 'GET', '/docs/nothing');
    expect({ status, type: body.type, code: body.code }).toEqual({
      status: 404,
      type: 'about:blank',
      code: 'route-not-found',
    });
    expect(body.instance).toMatch(/^[\da-f-]{36}$/);
    expect(headers.get('x-request-id')).toBe(body.instance);
  });

  it('describes answers without content, and health, as they are', async () => {
    const { body } = await ask(rig.url, 'GET', '/openapi.json');
    const responses = (method: string, path: string) => body.paths[path][method].responses;
    expect(responses('delete', '/sessions/current')['204']).toEqual({ description: expect.any(String) });
    const text = (state: string) => ({ content: { 'text/plain': { schema: { enum: [state] } } } });
    const json = (status: string) => ({
      content: { 'application/json': { schema: { properties: { status: { enum: [status] } } } } },
    });
    expect(responses('get', '/_health')).toMatchObject({ 200: text('ok'), 503: text('draining') });
    expect(responses('get', '/live')).toMatchObject({ 200: text('ok') });
    expect(responses('get', '/live')).not.toHaveProperty('503');
    expect(responses('get', '/ready')).toMatchObject({ 200: json('ok'), 503: json('draining') });
  });
});
