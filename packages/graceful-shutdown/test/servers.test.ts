// Servers that come, go, and are asked while the shutdown runs.
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { gracefulShutdown } from '@silly-face/graceful-shutdown';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';
import { connectRaw, get } from './raw-client.ts';
import { startServer } from './server-kinds.ts';

it('a server that never listened, or that was closed by its owner, is drained at once', async () => {
  const { server: closed } = await startServer('http', () => handle.signal);
  closed.close();
  await once(closed, 'close');
  const handle = gracefulShutdown({ servers: [closed, createServer()], signals: [], handleCrashes: false });
  expect(await handle.shutdown()).toMatchObject({ clean: true });
});

it('a listen() that is still on its way does not open the door again', async () => {
  const server = createServer();
  const handle = gracefulShutdown({ servers: [server], signals: [], handleCrashes: false, idleGraceMs: 0 });
  const client = await startServer('http', () => handle.signal);
  handle.addServer(client.server);
  const open = await connectRaw(client.port);
  open.send(get('/one'));
  await waitUntil(() => client.arrived() === 1, { what: 'the request to arrive' });
  server.listen(0, 'localhost');
  const run = handle.shutdown();
  await once(server, 'close');
  client.release();
  expect(await run).toMatchObject({ clean: true });
  expect(server.listening).toBe(false);
});

it('connects nobody any more once the delay has passed and it drains', async () => {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({
    servers: [test.server],
    signals: [],
    handleCrashes: false,
    delayMs: 100,
  });
  const client = await connectRaw(test.port);
  client.send(get('/one'));
  await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
  const run = handle.shutdown();
  expect(handle.state).toBe('lame-duck');
  expect(handle.signal.aborted).toBe(false);
  expect(test.server.listening).toBe(true);
  await once(handle.signal, 'abort');
  const [refused] = (await once(connect(test.port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
  expect(refused.code).toBe('ECONNREFUSED');
  test.release();
  expect(await client.ended).toContain('answer to /one');
  expect(await run).toMatchObject({ clean: true });
});

it('drains several servers at once, also one that is added during the drain', async () => {
  const [first, second, third] = await Promise.all(
    (['http', 'net', 'h2c'] as const).map((kind) => startServer(kind, () => handle.signal)),
  );
  if (!first || !second || !third) throw new Error('three servers were started');
  const handle = gracefulShutdown({
    servers: [first.server, second.server],
    signals: [],
    handleCrashes: false,
  });
  const client = await connectRaw(first.port);
  client.send(get('/one'));
  await waitUntil(() => first.arrived() === 1, { what: 'the request to arrive' });
  const run = handle.shutdown();
  handle.addServer(third.server);
  await once(third.server, 'close');
  first.release();
  expect(await client.ended).toContain('answer to /one');
  expect(await run).toMatchObject({ clean: true });
  expect(second.server.listening).toBe(false);
});

it('a server that its application closes during the drain, with all its connections, is drained', async () => {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({ servers: [test.server], signals: [], handleCrashes: false });
  const client = await connectRaw(test.port);
  client.send(get('/one'));
  await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
  const run = handle.shutdown();
  test.server.close();
  (test.server as HttpServer).closeAllConnections();
  expect(await client.ended).toBe('');
  expect(await run).toMatchObject({ clean: true });
});

it('a server that listens again during the drain is closed again', async () => {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({ servers: [test.server], signals: [], handleCrashes: false });
  const client = await connectRaw(test.port);
  client.send(get('/one'));
  await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
  const run = handle.shutdown();
  await once(handle.signal, 'abort');
  test.server.listen(0, '127.0.0.1');
  await once(test.server, 'listening');
  expect(test.server.listening).toBe(false);
  test.release();
  expect(await client.ended).toContain('answer to /one');
  expect(await run).toMatchObject({ clean: true });
});

it('a client that has said its last word is answered where the server allows that', async () => {
  const test = await startServer('http', () => handle.signal);
  Object.assign(test.server, { httpAllowHalfOpen: true });
  const handle = gracefulShutdown({ servers: [test.server], signals: [], handleCrashes: false });
  const client = await connectRaw(test.port);
  client.send(get('/one'));
  client.halfClose();
  await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
  const run = handle.shutdown();
  test.release();
  expect(await client.ended).toMatch(/Connection: close\r\n[^]*answer to \/one/);
  expect(await run).toMatchObject({ clean: true });
});

it('a worker of node:cluster, whose listener the primary holds, answers what is in flight', async () => {
  await using child = await FixtureProcess.start('cluster.mjs');
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  child.send('release');
  expect(await answer).toBe('answered');
  expect((await child.ended).output).toContain('the worker ended with 0');
});

it('names what it had to cut, without the query', async () => {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({
    servers: [test.server],
    signals: [],
    handleCrashes: false,
    timeoutMs: 100,
  });
  const client = await connectRaw(test.port);
  client.send(get('/slow?token=secret') + get('/behind'));
  await waitUntil(() => test.arrived() === 2, { what: 'the requests to arrive' });
  expect((await handle.shutdown()).cutRequests).toEqual(['GET /slow']);
  await client.ended;
});

it('an HTTP/2 client that never closes its end is not waited for, and nothing of it is cut', async () => {
  const test = await startServer('h2c', () => handle.signal);
  const handle = gracefulShutdown({
    servers: [test.server],
    signals: [],
    handleCrashes: false,
    headTimeoutMs: 100,
    timeoutMs: 5_000,
  });
  const client = connect({ port: test.port, host: '127.0.0.1', allowHalfOpen: true });
  const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  client.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), emptySettings]));
  await once(client, 'data');
  expect(await handle.shutdown()).toMatchObject({ clean: true });
  client.destroy();
});

it('ends a connection behind an answer only when the body of its request has come', async () => {
  const complete: boolean[] = [];
  const server = createHttpServer((request, response) => {
    request.once('close', () => complete.push(request.complete));
    response.end('at once');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const handle = gracefulShutdown({
    servers: [server],
    signals: [],
    handleCrashes: false,
    idleGraceMs: 10_000,
  });
  const client = await connectRaw((server.address() as AddressInfo).port);
  const run = handle.shutdown();
  client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345');
  await client.hears('at once');
  client.send('67890');
  expect(await client.ended).toContain('Connection: close');
  expect(await run).toMatchObject({ clean: true });
  expect(complete).toEqual([true]);
});

it('an idle connection does not make a short time limit an unclean end', async () => {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({
    servers: [test.server],
    signals: [],
    handleCrashes: false,
    timeoutMs: 90,
  });
  const client = await connectRaw(test.port);
  test.release();
  client.send(get('/one'));
  await client.hears('answer to /one');
  expect(await handle.shutdown()).toMatchObject({ clean: true });
  await client.ended;
});

it('a server whose owner closes it, and then its last connection, in the moment of the shutdown is drained', async () => {
  const test = await startServer('http', () => handle.signal);
  const handle = gracefulShutdown({
    servers: [test.server],
    signals: [],
    handleCrashes: false,
    timeoutMs: 5_000,
  });
  const client = await connectRaw(test.port);
  client.send(get('/one'));
  await waitUntil(() => test.arrived() === 1, { what: 'the request to arrive' });
  test.server.close();
  const run = handle.shutdown();
  (test.server as HttpServer).closeAllConnections();
  await client.ended;
  expect(await run).toMatchObject({ clean: true });
});
