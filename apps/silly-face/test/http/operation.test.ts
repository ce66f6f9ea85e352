// What load balancers, proxies and monitoring see.
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { waitUntil } from '@silly-face/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { ask, newPlayer } from './client.ts';
import { startRig } from './rig.ts';

const METRICS_TOKEN = 'a-token-of-the-tests';
const rig = await startRig({ http: { trustProxy: ['loopback'], metricsToken: METRICS_TOKEN } });
afterAll(() => rig[Symbol.asyncDispose]());
const anna = await newPlayer(rig);
const proxied = { 'x-forwarded-for': '203.0.113.7' };
const get = (path: string, headers: Record<string, string> = {}, token?: string) =>
  ask(rig.url, 'GET', path, { headers, ...(token !== undefined && { token }) });

describe('health', () => {
  it('is alive and ready, also while draining, when it is only alive', async () => {
    expect(await get('/live')).toMatchObject({ status: 200, body: 'ok' });
    expect(await get('/ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
    rig.setDraining(true);
    expect(await get('/live')).toMatchObject({ status: 200, body: 'ok' });
    expect(await get('/ready')).toMatchObject({ status: 503, body: { status: 'draining' } });
    expect(await get('/_health')).toMatchObject({ status: 503, body: 'draining' });
    rig.setDraining(false);
  });

  it('does not depend on the database', async () => {
    await rig.postgres.stop();
    const [live, ready] = await Promise.all([get('/live'), get('/ready')]);
    expect([live.status, ready.status]).toEqual([200, 200]);
    await rig.postgres.start();
  });
});

describe('metrics', () => {
  it('count requests by route and status, replays, and the clients of the pool', async () => {
    await get('/metrics'); // Durations are counted from the first look on.
    const { body: round } = await anna.post('/rounds', { opponentId: (await newPlayer(rig)).id });
    const taunt = () => anna.post(`/rounds/${round.id}/taunts`, { text: 'Hm' }, { key: 'the-same' });
    await taunt();
    await taunt();
    await anna.get('/nowhere');
    // An answer is counted when it is sent, which its reader may know before.
    const { headers, body } = await waitUntil(
      async () => {
        const answer = await get('/metrics');
        return String(answer.body).includes('http_idempotent_replays_total 1') && answer;
      },
      { what: 'all to be counted' },
    );
    expect(headers.get('content-type')).toContain('text/plain');
    expect(body).toContain(
      'http_request_duration_seconds_count{method="POST",route="/rounds/:id/taunts",status="201"} 2',
    );
    expect(body).toContain('http_request_duration_seconds_count{method="GET",route="none",status="404"} 1');
    expect(body).toContain('http_requests_in_flight 1'); // This look at them.
    expect(body).toContain('database_clients_borrowed 0');
    expect(body).toContain('nodejs_eventloop_lag_seconds');
  });

  it('are not for those who come through a proxy, except with the token', async () => {
    expect(await get('/metrics', proxied)).toMatchObject({
      status: 403,
      body: { code: 'metrics-forbidden' },
    });
    expect((await get('/metrics', proxied, 'another-token-of-the-tests')).status).toBe(403);
    expect((await get('/metrics', proxied, METRICS_TOKEN)).status).toBe(200);
  });
});

describe('the id of a request', () => {
  const id = 'f'.repeat(32);

  it("is the proxy's, in the answer, in a problem and in the database", async () => {
    const { headers, body } = await get('/rounds/nothing', { 'x-request-id': id });
    expect([headers.get('x-request-id'), body.instance]).toEqual([id, id]);
  });

  it.each(['short', 'x'.repeat(65), `${id}'*/ DROP`])(
    'is our own where it looks like none: %j',
    async (odd) => {
      const { headers } = await get('/live', { 'x-request-id': odd });
      expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    },
  );

  it('goes with the statements of the request, also after its body was read', async () => {
    const { body: round } = await anna.post('/rounds', { opponentId: (await newPlayer(rig)).id });
    const blocker = await rig.db.acquire();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT FROM rounds WHERE id = $1 FOR UPDATE', [round.id]);
      const taunted = anna.post(
        `/rounds/${round.id}/taunts`,
        { text: 'Hm' },
        { headers: { 'x-request-id': id } },
      );
      let query: string | undefined;
      while (query === undefined) {
        const { rows } = await rig.db.query<{ query: string }>(
          `SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
        );
        query = rows[0]?.query;
      }
      expect(query).toMatch(new RegExp(`^/\\*request_id='${id}'\\*/ SELECT challenger_id`));
      await blocker.query('COMMIT');
      expect((await taunted).status).toBe(201);
    } finally {
      blocker.release();
    }
  });
});

describe('the headers of every answer', () => {
  it('keep it out of frames, sniffers and caches', async () => {
    for (const path of ['/live', '/nowhere', '/me', '/openapi.json']) {
      const { headers } = await get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'cache-control': 'no-store',
      });
      expect(headers.has('strict-transport-security')).toBe(false);
    }
  });

  it('keep browsers at HTTPS when the proxy speaks it', async () => {
    const { headers } = await get('/live', { ...proxied, 'x-forwarded-proto': 'https' });
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});

describe('a path that no route can be looked up for', () => {
  const tooLong = `/rounds/${'x'.repeat(200)}`;

  it.each(['/%', '/rounds/%E0%A4%A', '/docs/%', tooLong])(
    'is answered like every other: %s',
    async (path) => {
      const answer = await rawGet(path);
      const { headers, body } = answer;
      expect(answer.status).toBe(path === tooLong ? 404 : 400);
      expect(headers).toMatchObject({
        'content-type': 'application/problem+json; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'cache-control': 'no-store',
        'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
      });
      expect(JSON.parse(body).instance).toBe(headers['x-request-id']);
    },
  );

  it('is counted', async () => {
    const counted = async (): Promise<number> => {
      const { body } = await get('/metrics');
      const count = /http_request_duration_seconds_count\{method="GET",route="none",status="400"\} (\d+)/;
      return Number(count.exec(String(body))?.[1] ?? 0);
    };
    const before = await counted();
    await rawGet('/%');
    await waitUntil(async () => (await counted()) === before + 1, { what: 'it to be counted' });
    expect((await get('/metrics')).body).toContain('http_requests_in_flight 1'); // This look at them.
  });
});

describe('an answer that has not changed', () => {
  it.each(['/me', '/players', '/faces'])('is not sent again: GET %s', async (path) => {
    const first = await anna.get(path);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const second = await anna.get(path, { headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([second.status, second.body.length, second.headers.get('etag')]).toEqual([304, 0, etag]);
  });

  it.each(['/me', '/players', '/faces', '/rounds/:id'])(
    'nor is it described again: HEAD %s',
    async (named) => {
      const { body: round } = await anna.post('/rounds', { opponentId: (await newPlayer(rig)).id });
      const path = named.replace(':id', round.id);
      const described = (headers: Record<string, string> = {}) =>
        ask(rig.url, 'HEAD', path, { token: anna.token, headers });
      const first = await anna.get(path);
      const etag = first.headers.get('etag') ?? '';
      const length = first.headers.get('content-length');
      for (const [answer, status] of [
        [await described(), 200],
        [await described({ 'if-none-match': '"other"' }), 200],
        [await described({ 'if-none-match': etag }), 304],
      ] as const) {
        expect([answer.status, answer.body.length]).toEqual([status, 0]);
        expect(answer.headers.get('content-length')).toBe(length);
        for (const name of ['etag', 'cache-control', 'vary'])
          expect(answer.headers.get(name)).toBe(first.headers.get(name));
      }
    },
  );

  it('is sent anew when it has: a round that was taunted', async () => {
    const { body: round } = await anna.post('/rounds', { opponentId: (await newPlayer(rig)).id });
    const path = `/rounds/${round.id}`;
    const etag = (await anna.get(path)).headers.get('etag') ?? '';
    const again = () => anna.get(path, { headers: { 'if-none-match': etag } });
    expect((await again()).status).toBe(304);
    await anna.post(`${path}/taunts`, { text: 'Hm' });
    expect(await again()).toMatchObject({ status: 200, body: { id: round.id } });
  });
});

/** As it is: fetch would not send such a path. */
async function rawGet(
  path: string,
): Promise<{ status?: number; headers: IncomingHttpHeaders; body: string }> {
  const asked = request(rig.url, { path, agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}
