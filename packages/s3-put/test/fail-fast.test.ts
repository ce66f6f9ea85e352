import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { answer, s3Error, scripted, store } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const content = someBytes(4 * MiB);

test('A refusal costs no byte of the body, and its connection is not used again', async () => {
  const server = await scripted(answer(403, {}, s3Error('AccessDenied')), store());
  const uploads = s3Put(server.endpoint);
  const path = await temporaryFile(content);
  const error = await failureOf(uploads.put(path, 'key'));
  expect(error.history).toMatchObject([{ statusCode: 403, bytesSent: 0 }]);
  await waitUntil(() => server.connections.open.size === 0, { what: 'the refused connection to end' });
  expect(server.received[0]?.body).toHaveLength(0);
  await uploads.put(path, 'key');
  expect(server.connections.total).toBe(2);
});

test('Large bodies ask first and small ones do not, all over one connection', async () => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint);
  const large = await temporaryFile(content);
  const small = await temporaryFile('small');
  for (const path of [large, small, large, small]) await uploads.put(path, 'key');
  expect(server.received.map(({ headers }) => headers.expect)).toEqual([
    '100-continue',
    undefined,
    '100-continue',
    undefined,
  ]);
  expect(server.connections.total).toBe(1);
});

test('A server that never answers 100 gets the body all the same, and is not asked again', async () => {
  const server = await scripted(store({}, { continues: false }));
  const uploads = s3Put(server.endpoint, { continueTimeoutMs: 50 });
  const path = await temporaryFile(content);
  await uploads.put(path, 'key');
  await uploads.put(path, 'key');
  expect(server.received.map(({ headers }) => headers.expect)).toEqual(['100-continue', undefined]);
  expect(server.received.map(({ body }) => body.equals(content))).toEqual([true, true]);
});

test('A proxy that refuses Expect is not asked again, at once', async () => {
  const server = await scripted(answer(417, { server: 'old-proxy' }), store());
  const uploads = s3Put(server.endpoint);
  const path = await temporaryFile(content);
  expect(await uploads.put(path, 'key')).toMatchObject({ attempts: 1 });
  await uploads.put(path, 'key');
  expect(server.received.map(({ headers }) => headers.expect)).toEqual([
    '100-continue',
    undefined,
    undefined,
  ]);
});

test('A server that says 100 twice gets the body once', async () => {
  const server = await scripted((request, response, received) => {
    response.writeContinue();
    return store()(request, response, received);
  });
  const stored = await s3Put(server.endpoint).put(await temporaryFile(content), 'key');
  expect(stored.attempts).toBe(1);
  expect(server.received[0]?.body.equals(content)).toBe(true);
});

test('A refusal in the middle of the body ends it', async () => {
  const server = await scripted((request, response) => {
    response.writeContinue();
    request.once('data', () => response.writeHead(403).end(s3Error('AccessDenied')));
  });
  const big = await temporaryFile(someBytes(32 * MiB));
  const error = await failureOf(s3Put(server.endpoint).put(big, 'key'));
  expect(error).toMatchObject({ code: 'ES3', s3: { code: 'AccessDenied' } });
  expect(error.history[0]?.bytesSent).toBeLessThan(32 * MiB);
});

test('A success before the body was sent is an error', async () => {
  const server = await scripted(answer(200, { etag: '"0123456789abcdef0123456789abcdef"' }));
  const error = await failureOf(s3Put(server.endpoint).put(await temporaryFile(content), 'key'));
  expect(error).toMatchObject({ code: 'EPROXY', source: 'proxy', statusCode: 200 });
});
