import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { answer, s3Error, scripted, store } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

/** Accepts connections and says nothing; `read: false` also leaves what comes in the kernel. */
async function silentServer({ read = true } = {}): Promise<{ endpoint: string; open: Set<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: !read }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    if (read) socket.resume();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await once(server.close(), 'close');
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open };
}

test('A server that never answers is EIDLETIMEOUT, after as many attempts as the client makes', async () => {
  const { endpoint, open } = await silentServer();
  const error = await failureOf(
    s3Put(endpoint, { idleTimeoutMs: 50 }).put(await temporaryFile('small'), 'key'),
  );
  expect(error).toMatchObject({ code: 'EIDLETIMEOUT', source: 'network', retryable: true });
  expect(error.message).toContain('nothing moved on the connection for 50 ms');
  expect(error.history).toHaveLength(3);
  await waitUntil(() => open.size === 0, { what: 'the connections to end' });
});

test('A server that stops reading in the middle of the body is EIDLETIMEOUT', async () => {
  const { endpoint } = await silentServer({ read: false });
  const uploads = s3Put(endpoint, { idleTimeoutMs: 200, continueTimeoutMs: 20 });
  const error = await failureOf(uploads.put(await temporaryFile(someBytes(32 * MiB)), 'key'));
  expect(error).toMatchObject({ code: 'EIDLETIMEOUT' });
  expect(error.history[0]?.bytesSent).toBeLessThan(32 * MiB);
});

test('The total limit ends all attempts', async () => {
  const { endpoint, open } = await silentServer();
  const path = await temporaryFile('small');
  const error = await failureOf(s3Put(endpoint, { totalTimeoutMs: 50 }).put(path, 'key'));
  expect(error).toMatchObject({ code: 'ETOTALTIMEOUT', source: 'network', retryable: true, filePath: path });
  await waitUntil(() => open.size === 0, { what: 'the connection to end' });
  const own = await failureOf(s3Put(endpoint).put(path, 'key', {}, { totalTimeoutMs: 60 }));
  expect(own.message).toContain('not done within 60 ms');
});

test('No connection in time is ECONNECTTIMEOUT', async () => {
  // A name server that does not answer.
  const agent = new Agent({ lookup: () => undefined });
  const uploads = s3Put('http://s3.invalid', { agent, connectTimeoutMs: 50, forcePathStyle: true });
  const error = await failureOf(uploads.put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({ code: 'ECONNECTTIMEOUT', source: 'network', retryable: true });
});

test('A refused connection says so', async () => {
  const error = await failureOf(s3Put('http://127.0.0.1:1').put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({ code: 'ENETWORK', retryable: true, cause: { code: 'ECONNREFUSED' } });
});

test('Aborting stops on the wire, while waiting for the answer', async () => {
  const { endpoint, open } = await silentServer();
  const controller = new AbortController();
  const put = failureOf(
    s3Put(endpoint).put(await temporaryFile('small'), 'key', {}, { signal: controller.signal }),
  );
  await waitUntil(() => open.size === 1, { what: 'the connection' });
  const reason = new Error('the user left');
  controller.abort(reason);
  expect(await put).toMatchObject({ code: 'EABORTED', source: 'caller', retryable: false, cause: reason });
  await waitUntil(() => open.size === 0, { what: 'the connection to end' });
});

test('Aborting stops in the middle of the body', async () => {
  const { endpoint, open } = await silentServer({ read: false });
  const controller = new AbortController();
  const uploads = s3Put(endpoint, { expectContinueFromBytes: 1024 * MiB });
  const path = await temporaryFile(someBytes(32 * MiB));
  const put = failureOf(uploads.put(path, 'key', {}, { signal: controller.signal }));
  await waitUntil(() => open.size === 1, { what: 'the connection' });
  controller.abort();
  const error = await put;
  expect(error).toMatchObject({ code: 'EABORTED' });
});

test('Aborting stops between two attempts', async () => {
  const controller = new AbortController();
  const server = await scripted((...scene) => {
    controller.abort();
    return answer(503, {}, s3Error('SlowDown'))(...scene);
  }, store());
  const put = s3Put(server.endpoint).put(
    await temporaryFile('small'),
    'key',
    {},
    { signal: controller.signal },
  );
  expect(await failureOf(put)).toMatchObject({ code: 'EABORTED' });
  expect(server.received).toHaveLength(1);
});

test('With a signal that is aborted already nothing is opened', async () => {
  const server = await scripted(store());
  const put = s3Put(server.endpoint).put('/nowhere', 'key', {}, { signal: AbortSignal.abort() });
  expect(await failureOf(put)).toMatchObject({ code: 'EABORTED' });
  expect(server.connections.total).toBe(0);
});

test('One signal may serve many puts', async () => {
  const server = await scripted(store());
  const { signal } = new AbortController();
  const path = await temporaryFile('small');
  const uploads = s3Put(server.endpoint);
  const puts = Array.from({ length: 30 }, (_, index) => uploads.put(path, `key-${index}`, {}, { signal }));
  expect(await Promise.all(puts)).toHaveLength(30);
});
