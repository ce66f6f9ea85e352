import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringNginx, descendants, waitUntil } from '@silly-face/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Front, seen, startFront } from './front.ts';

const missing = await bringNginx();

beforeEach((context) => {
  if (missing) context.skip(missing);
});

const statics = mkdtempSync(join(tmpdir(), 'static-'));
let front: Front;
beforeAll(async () => {
  if (missing) return;
  chmodSync(statics, 0o755); // As root, nginx runs as somebody else.
  mkdirSync(join(statics, 'folder'));
  writeFileSync(join(statics, 'app.123.js'), `console.log('${'ha'.repeat(1000)}');`);
  front = await startFront({ STATIC_FILES: statics });
}, 300_000);
afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  rmSync(statics, { recursive: true });
});

describe('a request through nginx', () => {
  it('says who asks, and nothing that its client only says of itself', async () => {
    const response = await fetch(`${front.url}/x?y=1`, {
      headers: {
        'x-forwarded-for': '203.0.113.7',
        'x-real-ip': '203.0.113.7',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'elsewhere.example',
        forwarded: 'for=203.0.113.7',
        'x-request-id': 'of-the-client-itself',
      },
    });
    const { headers, url } = await seen(response);
    expect(url).toBe('/x?y=1');
    expect(headers).toMatchObject({
      host: `127.0.0.1:${front.port}`,
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': `127.0.0.1:${front.port}`,
    });
    expect(headers).not.toHaveProperty('forwarded');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(response.headers.get('x-request-id')).toBe(headers['x-request-id']);
    // nginx writes it once it has answered.
    const logged = await waitUntil(
      () => front.accessLog().find(({ requestId }) => requestId === headers['x-request-id']),
      { what: 'the line of the request' },
    );
    expect(logged).toMatchObject({ method: 'GET', path: '/x', status: 200, remote: '127.0.0.1' });
    expect(response.headers.get('server')).toBe('nginx');
  });

  it('is answered in a smaller form where that pays, and photos as they are', async () => {
    const encodingOf = async (path: string): Promise<string | null> =>
      (await fetch(front.url + path)).headers.get('content-encoding');
    expect(await encodingOf('/long')).toBe('gzip');
    expect(await encodingOf('/short')).toBeNull();
    expect(await encodingOf('/photo')).toBeNull();
  });

  it('is never answered from a cache, except for what the documentation is made of', async () => {
    const idOf = async (path: string): Promise<string> => {
      const response = await fetch(front.url + path, { headers: { authorization: 'Bearer one' } });
      return String((await seen(response)).headers['x-request-id']);
    };
    for (const path of ['/photo', '/docs', '/docs/static/mine.js'])
      expect(await idOf(path)).not.toBe(await idOf(path));

    const publicly = async () => fetch(`${front.url}/docs/static/page.js`);
    const first = await publicly();
    const again = await publicly();
    expect([first, again].map(({ headers }) => headers.get('x-cache'))).toEqual(['MISS', 'HIT']);
    expect(await again.text()).toBe(await first.text());
  });

  it('may be as large as a form with the largest photo, and not much larger', async () => {
    const post = (bytes: number) => fetch(front.url, { method: 'POST', body: Buffer.alloc(bytes) });
    expect((await seen(await post(5 * 1024 * 1024 + 64 * 1024))).bytes).toBe(5 * 1024 * 1024 + 64 * 1024);
    const refused = await post(6 * 1024 * 1024 + 1);
    expect(refused.status).toBe(413);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({ status: 413, code: 'body-too-large' });
  });

  it.each([
    [
      'headers that are too large',
      { path: '/', headers: { padding: 'z'.repeat(9000) } },
      431,
      'headers-too-large',
    ],
    ['a URL that is too long', { path: `/${'z'.repeat(9000)}`, headers: {} }, 414, 'url-too-long'],
    ['the metrics', { path: '/metrics', headers: {} }, 404, 'route-not-found'],
    ['the metrics, written otherwise', { path: '/%6detrics/', headers: {} }, 404, 'route-not-found'],
  ])('for %s is refused with a problem', async (_, { path, headers }, status, code) => {
    const response = await fetch(front.url + path, { headers });
    expect(response.status).toBe(status);
    const problem = await response.json();
    expect(problem).toMatchObject({ status, code, instance: response.headers.get('x-request-id') });
  });
});

describe('static files', () => {
  it('are for ever, compressed, and in no log', async () => {
    const response = await fetch(`${front.url}/static/app.123.js`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('max-age=315360000');
    expect(response.headers.get('content-type')).toBe('text/javascript');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toContain('hahaha');
    expect(front.accessLog().filter(({ path }) => path === '/static/app.123.js')).toEqual([]);
  });

  it.each(['/static/', '/static/folder/', '/static/none.js', '/static/../secret'])(
    '%s is none',
    async (path) => {
      const socket = connect(front.port, '127.0.0.1');
      socket.setEncoding('utf8');
      let heard = '';
      socket.on('data', (text: string) => (heard += text));
      // As it is: fetch would resolve the dots.
      socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n`);
      await once(socket, 'close');
      // What is not below the folder is a path like any other, for the API.
      expect(heard).toMatch(path.includes('..') ? /"url":"\/static\/..\/secret"/ : /^HTTP\/1.1 404/);
    },
  );
});

it('a WebSocket reaches the party process that its path names', async () => {
  const socket = connect(front.port, '127.0.0.1');
  socket.setEncoding('utf8');
  let heard = '';
  socket.on('data', (text: string) => (heard += text));
  socket.write(
    'GET /party/ws/party-1 HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await waitUntil(() => heard.includes('\r\n\r\n'), { what: 'the upgrade' });
  expect(heard).toMatch(/^HTTP\/1.1 101 .*Upgrade: websocket/s);
  socket.write('RING');
  await waitUntil(() => heard.endsWith('/party/ws/party-1 heard RING'), { what: 'the echo' });
  socket.end();
  await once(socket, 'close');
});

it('no process of it is root', () => {
  const pid = front.nginxPid() as number;
  const family = [pid, ...descendants(pid)];
  expect(family.length).toBeGreaterThan(1);
  for (const each of family)
    expect(readFileSync(`/proc/${each}/status`, 'utf8')).not.toMatch(/^Uid:.*\b0\b/m);
});

it('a proxy in front of it that is trusted says who asks, and each address is limited', async () => {
  await using behind = await startFront({
    NGINX_TRUSTED_PROXIES: '127.0.0.0/8,::1',
    NGINX_REQUESTS_PER_SECOND: '1',
  });
  const ask = (address: string) =>
    fetch(behind.url, { headers: { 'x-forwarded-for': address, 'x-forwarded-proto': 'https' } });
  const { headers } = await seen(await ask('198.51.100.1'));
  expect(headers).toMatchObject({ 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' });

  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('203.0.113.7')));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(10);
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect(await refused[0]?.json()).toMatchObject({ status: 429, code: 'rate-limited' });
  expect((await ask('203.0.113.8')).status).toBe(200);
  // Programs on this machine ask as often as they like.
  const ours = await Promise.all(Array.from({ length: 20 }, () => ask('127.0.0.1')));
  expect(ours.every(({ status }) => status === 200)).toBe(true);
});

it('without the API it says so, to programs and to people', async () => {
  await using alone = await startFront();
  await alone.supervisor.stop('api');
  // The stop, and the start below, reload nginx, which closes the connections that nobody uses: also one that is just about to be used.
  const problem = await fetch(alone.url, { headers: { connection: 'close' } });
  expect(problem.status).toBe(502);
  expect(problem.headers.get('retry-after')).toBe('2');
  expect(await problem.json()).toMatchObject({ status: 502, code: 'api-unavailable' });
  const page = await fetch(alone.url, { headers: { accept: 'text/html,*/*', connection: 'close' } });
  expect(page.status).toBe(502);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('The Silly Face Society is away for a moment');
  await alone.supervisor.start('api');
  expect((await fetch(alone.url)).status).toBe(200);
});
