import { S3Client } from '@aws-sdk/client-s3';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answer, answerAfterBody, s3Error, scripted, store } from './support/scripted-server.ts';
import { credentials, failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const content = someBytes(4 * MiB + 1);

test.each([1, 65_536, MiB, MiB + 1, 4 * MiB, 4 * MiB + 1])(
  'A reset after %i bytes of the body is tried again, and arrives whole',
  async (bytes) => {
    const s3 = await localS3();
    s3.faults.next({ method: 'PUT', resetAfterBytes: bytes });
    s3.faults.next({ method: 'PUT', resetAfterBytes: bytes });
    const stored = await s3Put(s3.endpoint).put(await temporaryFile(content), 'key');
    expect(stored).toMatchObject({ attempts: 3, verified: { checksum: true } });
    expect((await s3.content('key')).equals(content)).toBe(true);
  },
);

/** Does something to each of the first connections, and is nothing to the others but silent. */
async function unfriendly(greet: (socket: Socket) => void): Promise<{ endpoint: string; open: Set<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    greet(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await once(server.close(), 'close');
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open };
}

test.each<[string, (socket: Socket) => void]>([
  ['resets at once', (socket) => socket.resetAndDestroy()],
  ['hangs up at once', (socket) => socket.resume().end()],
  ['resets once the head is there', (socket) => socket.once('data', () => socket.resetAndDestroy())],
  ['hangs up once the head is there', (socket) => socket.once('data', () => socket.end())],
  ['breaks off in the status line', (socket) => socket.once('data', () => socket.end('HTTP/1.1 20'))],
  [
    'breaks off in the headers',
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\netag: "')),
  ],
  [
    'breaks off after 100',
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 100 Continue\r\n\r\n')),
  ],
  [
    'switches protocols',
    (socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n'),
      ),
  ],
])('A server that %s is the network', async (_, greet) => {
  const { endpoint, open } = await unfriendly(greet);
  for (const bytes of [Buffer.from('small'), content]) {
    const error = await failureOf(s3Put(endpoint, { idleTimeoutMs: 5_000 }).putBuffer(bytes, 'key'));
    expect(error).toMatchObject({ code: 'ENETWORK', source: 'network' });
    expect(error.history.every(({ code }) => code === 'ENETWORK')).toBe(true);
  }
  await waitUntil(() => open.size === 0, { what: 'the connections to end' });
});

test('A server that takes some of the body and then nothing is EIDLETIMEOUT', async () => {
  const server = await scripted((request, response) => {
    response.writeContinue();
    request.once('data', () => request.pause());
  });
  const client = new S3Client({
    endpoint: server.endpoint,
    credentials,
    region: 'us-east-1',
    maxAttempts: 2,
  });
  onTestFinished(() => client.destroy());
  const uploads = s3Put('', { client, idleTimeoutMs: 300 });
  const error = await failureOf(uploads.put(await temporaryFile(someBytes(32 * MiB)), 'key'));
  expect(error).toMatchObject({ code: 'EIDLETIMEOUT', retryable: true });
  expect(error.history).toHaveLength(2);
});

test('A server that begins its answer and goes silent is EIDLETIMEOUT', async () => {
  const server = await scripted((request, response) => {
    request.resume();
    response.writeHead(403, { 'content-length': '1000' }).write('<Error>');
  });
  const uploads = s3Put(server.endpoint, { idleTimeoutMs: 200 });
  expect(await failureOf(uploads.putBuffer(Buffer.from('small'), 'key'))).toMatchObject({
    code: 'EIDLETIMEOUT',
  });
});

test.each([
  [403, 'AccessDenied', 'ES3'],
  [404, 'NoSuchBucket', 'ES3'],
  [412, 'PreconditionFailed', 'ES3'],
  [400, 'EntityTooLarge', 'ES3'],
])('%i %s before the body costs none of it, also when the way is known', async (status, code, expected) => {
  const server = await scripted(store(), answer(status, {}, s3Error(code)));
  const uploads = s3Put(server.endpoint);
  await uploads.put(await temporaryFile(content), 'one');
  const error = await failureOf(uploads.put(await temporaryFile(content), 'two'));
  expect(error).toMatchObject({
    code: expected,
    statusCode: status,
    s3: { code },
    history: [{ bytesSent: 0 }],
  });
  expect(server.received).toHaveLength(2);
  expect(server.received[1]?.body).toHaveLength(0);
});

test.each([
  [413, 'text/html', '<html>Request Entity Too Large</html>', false],
  [502, 'text/html', '<html>Bad Gateway</html>', true],
  [504, 'text/html', '<html>Gateway Time-out</html>', true],
  [429, 'application/json', '{"error":"too many"}', true],
  [302, 'text/html', 'Please log in', false],
  [200, 'text/html', '<html>Welcome</html>', false],
])(
  '%i %s of somebody else is EPROXY, before the body and after it',
  async (status, type, page, retryable) => {
    const headers = { server: 'proxy', 'content-type': type };
    for (const scene of [answer(status, headers, page), answerAfterBody(status, headers, page)]) {
      const server = await scripted(store(), scene);
      const uploads = s3Put(server.endpoint);
      await uploads.putBuffer(Buffer.from('small'), 'one');
      const error = await failureOf(uploads.putBuffer(Buffer.from('small'), 'two'));
      expect(error).toMatchObject({
        code: 'EPROXY',
        statusCode: status,
        retryable,
        proxy: { server: 'proxy' },
      });
      expect(error.history).toHaveLength(retryable ? 3 : 1);
    }
  },
);

test('Fifty failures of all kinds leave no descriptor, no connection and no upload', async () => {
  const s3 = await localS3();
  const client = new S3Client({ endpoint: s3.endpoint, credentials, region: 'us-east-1', maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const uploads = s3Put('', {
    client,
    multipartFromBytes: 5 * MiB,
    partBytes: 5 * MiB,
    maxConnections: 20,
    continueTimeoutMs: 50,
  });
  const [large, whole, small] = [
    await temporaryFile(someBytes(11 * MiB)),
    await temporaryFile(content),
    await temporaryFile('small'),
  ];
  for (const path of [large, whole, small]) await uploads.put(path, 'key');
  const before = openDescriptors();
  const faults = [
    { status: 403, code: 'AccessDenied' },
    { status: 503, code: 'SlowDown', afterBody: true },
    { resetAfterBytes: 0 },
    { resetAfterBytes: 3, withholdContinue: true },
    { status: 500, code: 'InternalError' },
  ];
  for (let round = 0; round < 10; round += 1)
    for (const fault of faults) s3.faults.next({ ...fault, method: 'PUT' });
  s3.faults.next({ method: 'PUT', resetAfterBytes: 0, times: 1000 });
  const puts = Array.from({ length: 50 }, async (_, index) => {
    const path = [large, whole, small, `${small}.missing`, large][index % 5] as string;
    const signal = index % 7 === 0 ? AbortSignal.timeout(index) : undefined;
    return await failureOf(uploads.put(path, 'key', {}, signal && { signal }));
  });
  const codes = new Set((await Promise.all(puts)).map(({ code }) => code));
  expect([...codes]).toEqual(expect.arrayContaining(['ENETWORK', 'ES3', 'EFILENOTFOUND']));
  s3.faults.clear();
  expect(await s3.uploadsLeft()).toBe(0);
  await uploads.close();
  s3.client.destroy();
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});
