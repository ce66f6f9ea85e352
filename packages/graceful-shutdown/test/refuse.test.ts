// refuseWith: from the signal on the application sees no further request, and each gets an answer that a proxy understands.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { gracefulShutdown, type GracefulShutdownOptions } from '@silly-face/graceful-shutdown';
import { expect, it } from 'vitest';
import { connectRaw, get } from './raw-client.ts';
import { startServer } from './server-kinds.ts';

const REFUSED = /HTTP\/1.1 503 Service Unavailable\r\n[^]*\r\n\r\n$/;

/** An http server that will shut down with a request in flight, and a connection on which a late one will come. */
async function begin(options: GracefulShutdownOptions = {}) {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({
    servers: [test.server],
    signals: [],
    handleCrashes: false,
    refuseWith: 503,
    idleGraceMs: 10_000,
    ...options,
  });
  const inFlight = await connectRaw(test.port);
  inFlight.send(get('/one'));
  await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
  const late = await connectRaw(test.port);
  return { test, handle, inFlight, late };
}

it.each([404, 200, '503', 502.5])('takes a server error only as `refuseWith`, not %j', (refuseWith) => {
  expect(() => gracefulShutdown({ refuseWith } as never)).toThrow(
    'Expected `refuseWith` to be false or a status from 500 to 599',
  );
});

it('refuses every request from the signal on, also on new connections, and answers what is in flight', async () => {
  const { test, handle, inFlight, late } = await begin({ delayMs: 2_000 });
  const run = handle.shutdown();
  expect(handle.state).toBe('lame-duck');
  const client = await connectRaw(test.port);
  late.send(get('/late'));
  client.send(get('/late'));
  const received = await client.ended;
  expect(await late.ended).toBe(received);
  expect(received).toMatch(REFUSED);
  expect(received).toContain('Connection: close\r\n');
  expect(received).toContain('Retry-After: 0\r\n');
  expect(test.arrived()).toBe(1);
  test.release();
  expect(await inFlight.ended).toMatch(/Connection: close\r\n[^]*answer to \/one$/);
  expect(await run).toMatchObject({ clean: true });
});

it('refuses a request on a kept connection, behind the answer to the one before it', async () => {
  const { test, handle, inFlight, late } = await begin();
  late.send(get('/at-once'));
  await late.hears('at once');
  const run = handle.shutdown();
  late.send(get('/late'));
  inFlight.send(get('/pipelined'));
  expect(await late.ended).toMatch(REFUSED);
  test.release();
  expect(await inFlight.ended).toMatch(/answer to \/oneHTTP\/1.1 503 [^]*Connection: close\r\n/);
  expect(test.arrived()).toBe(2);
  expect(await run).toMatchObject({ clean: true });
});

it('takes the whole body of a refused request, so that its client reads the answer', async () => {
  const { test, handle, late } = await begin();
  const run = handle.shutdown();
  const body = 'x'.repeat(4 * 1024 * 1024);
  late.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n`);
  await late.hears('503');
  late.send(body);
  expect(await late.ended).toMatch(REFUSED);
  test.release();
  expect(await run).toMatchObject({ clean: true });
});

it('waits for a body that does not come no longer than for a head', async () => {
  const { test, handle, late } = await begin({ headTimeoutMs: 50 });
  const run = handle.shutdown();
  late.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n');
  expect(await late.ended).toMatch(REFUSED);
  test.release();
  expect(await run).toMatchObject({ clean: true });
});

it.each([
  ['Upgrade', 'GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n'],
  ['CONNECT', 'CONNECT elsewhere:1 HTTP/1.1\r\nHost: t\r\n\r\n'],
  ['Expect: 100-continue', 'POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'],
  ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: t\r\nExpect: wonders\r\n\r\n'],
])('refuses %s', async (_what, bytes) => {
  const { test, handle, late } = await begin({ headTimeoutMs: 50 });
  const reached: string[] = [];
  test.server.on('checkContinue', () => reached.push('checkContinue'));
  test.server.on('checkExpectation', () => reached.push('checkExpectation'));
  const run = handle.shutdown();
  late.send(bytes);
  expect(await late.ended).toMatch(REFUSED);
  expect([reached, test.arrived()]).toEqual([[], 1]);
  test.release();
  expect(await run).toMatchObject({ clean: true });
});

it.each(['request', 'stream'] as const)(
  'refuses HTTP/2 streams of an application that takes `%s`',
  async (event) => {
    const waiting: (() => void)[] = [];
    const server = createHttp2Server();
    if (event === 'request')
      server.on('request', (_request, response) => waiting.push(() => response.end('answered')));
    else server.on('stream', (stream) => waiting.push(() => stream.end('answered')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const handle = gracefulShutdown({
      servers: [server],
      signals: [],
      handleCrashes: false,
      refuseWith: 502,
      delayMs: 1_000,
    });
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const inFlight = client.request();
    await waitUntil(() => waiting.length === 1, { what: 'the stream to arrive' });
    const run = handle.shutdown();
    const refused = client.request({ ':method': 'POST' });
    const [headers] = await once(refused, 'response');
    expect([headers[':status'], headers['retry-after'], waiting.length]).toEqual([502, '0', 1]);
    refused.end('a body');
    let body = '';
    inFlight.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    for (const answer of waiting) answer();
    await once(client, 'close');
    expect(body).toBe('answered');
    expect(await run).toMatchObject({ clean: true });
  },
);

it('gives the application its listeners back, also those for one time', async () => {
  const server = createServer();
  const seen: string[] = [];
  server.once('request', () => seen.push('once'));
  server.on('request', () => seen.push('always'));
  server.on('upgrade', () => {});
  const before = server.eventNames().map((event) => [event, server.rawListeners(event)]);
  const handle = gracefulShutdown({ servers: [server], signals: [], handleCrashes: false, refuseWith: 503 });
  await handle.shutdown();
  await handle[Symbol.asyncDispose]();
  const after = new Map(server.eventNames().map((event) => [event, server.rawListeners(event)]));
  for (const [event, listeners] of before) expect(after.get(event as string)).toEqual(listeners);
  server.emit('request');
  server.emit('request');
  expect(seen).toEqual(['once', 'always', 'always']);
});
