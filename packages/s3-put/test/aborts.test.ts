import { S3Client } from '@aws-sdk/client-s3';
import { Agent } from 'node:http';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import type { S3PutOptions } from '@silly-face/s3-put';
import { expect, onTestFinished, test } from 'vitest';
import { localS3, partsIn } from './support/s3-local.ts';
import { answer, scripted, store } from './support/scripted-server.ts';
import type { ScriptedServer } from './support/scripted-server.ts';
import { completed, scriptedUploads } from './support/scripted-uploads.ts';
import { credentials, failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };

/** Aborts a put of that many bytes once something has come about. Nothing may be left of it. */
async function expectToStop(
  server: ScriptedServer,
  bytes: number,
  options: Partial<S3PutOptions>,
  when: () => boolean,
): Promise<void> {
  const controller = new AbortController();
  const path = await temporaryFile(someBytes(bytes));
  const uploads = s3Put(server.endpoint, options);
  const before = openDescriptors();
  const put = failureOf(uploads.put(path, 'key', {}, { signal: controller.signal }));
  await waitUntil(when, { what: 'the moment to abort', intervalMs: 1 });
  const reason = new Error('enough');
  controller.abort(reason);
  expect(await put).toMatchObject({ code: 'EABORTED', source: 'caller', retryable: false, cause: reason });
  await uploads.close();
  await waitUntil(() => server.connections.open.size === 0, { what: 'the connections to end' });
  await waitUntil(() => openDescriptors() <= before, { what: 'the descriptors to be closed' });
}

test('Aborting while it waits for the permission to send stops it', async () => {
  const server = await scripted(() => undefined);
  await expectToStop(server, 3 * MiB, {}, () => server.received.length === 1);
  expect(server.received[0]?.body).toHaveLength(0);
});

test('Aborting while it waits for the answer stops it', async () => {
  const server = await scripted((request, response) => {
    response.writeContinue();
    request.resume();
    request.once('end', () => (isRead = true));
  });
  let isRead = false;
  await expectToStop(server, 3 * MiB, {}, () => isRead);
});

test('Aborting in the middle of the answer stops it', async () => {
  const server = await scripted((request, response) => {
    request.resume();
    response.writeHead(200, { etag: '"opaque"', 'content-length': '1000' });
    response.write('<', () => (isBegun = true));
  });
  let isBegun = false;
  await expectToStop(server, 5, {}, () => isBegun);
});

test('Aborting while it waits for one of the connections stops it, and nothing is sent', async () => {
  const server = await scripted(() => undefined);
  const uploads = s3Put(server.endpoint, { maxConnections: 1 });
  const first = failureOf(uploads.putBuffer(Buffer.from('first'), 'first'));
  await waitUntil(() => server.received.length === 1, { what: 'the first' });
  const controller = new AbortController();
  const second = failureOf(
    uploads.putBuffer(Buffer.from('second'), 'second', {}, { signal: controller.signal }),
  );
  await new Promise((resolve) => void setImmediate(resolve));
  controller.abort();
  expect(await second).toMatchObject({ code: 'EABORTED' });
  uploads.destroy();
  expect(await first).toMatchObject({ code: 'ECLOSED' });
  expect(server.received).toHaveLength(1);
});

test('Aborting while it connects stops it', async () => {
  let isAsked = false;
  const agent = new Agent({ lookup: () => void (isAsked = true) });
  const controller = new AbortController();
  const uploads = s3Put('http://s3.invalid', { agent, forcePathStyle: true });
  const put = failureOf(uploads.putBuffer(Buffer.from('small'), 'key', {}, { signal: controller.signal }));
  await waitUntil(() => isAsked, { what: 'the name to be looked up' });
  controller.abort();
  expect(await put).toMatchObject({ code: 'EABORTED' });
  agent.destroy();
});

test.each([
  ['here', {}],
  ['in threads', { checksumAlgorithm: 'SHA256' as const, contentMD5: true }],
])('Aborting while it is hashed %s stops it, and nothing is sent', async (_, options) => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint, options);
  const path = await temporaryFile(someBytes(48 * MiB));
  await uploads.putBuffer(Buffer.from('first'), 'first');
  const before = openDescriptors();
  const controller = new AbortController();
  const put = failureOf(uploads.put(path, 'key', {}, { signal: controller.signal }));
  // It is opened then, and not nearly read.
  await waitUntil(() => openDescriptors() > before, { what: 'the file to be opened', intervalMs: 1 });
  controller.abort();
  expect(await put).toMatchObject({ code: 'EABORTED', history: [] });
  expect(server.received).toHaveLength(1);
});

test('Aborting between the parts leaves nothing', async () => {
  const s3 = await localS3();
  const controller = new AbortController();
  const path = await temporaryFile(someBytes(33 * MiB));
  // Told on a tick of its own, when the next part is not yet begun.
  const onProgress = ({ bytes }: { bytes: number }): void => void (bytes >= 10 * MiB && controller.abort());
  const uploads = s3Put(s3.endpoint, { ...inParts, parallelParts: 1 });
  const error = await failureOf(uploads.put(path, 'film', {}, { signal: controller.signal, onProgress }));
  expect(error).toMatchObject({ code: 'EABORTED' });
  expect(partsIn(s3.requests).length).toBeLessThanOrEqual(3);
  expect(await s3.uploadsLeft()).toBe(0);
});

test('Aborting while it is completed leaves no upload', async () => {
  const server = await scriptedUploads({ complete: () => undefined });
  await expectToStop(server, 11 * MiB, inParts, () => server.count('complete') === 1);
  expect(server.count('abort')).toBe(1);
});

test('Aborting is not held up by an upload that cannot be taken out at once, and names it', async () => {
  const server = await scriptedUploads({
    part: () => undefined,
    abort: answer(403, { 'x-amz-request-id': 'ID' }),
    complete: completed(),
  });
  const controller = new AbortController();
  const path = await temporaryFile(someBytes(11 * MiB));
  const put = failureOf(s3Put(server.endpoint, inParts).put(path, 'film', {}, { signal: controller.signal }));
  await waitUntil(() => server.count('part') > 0, { what: 'a part' });
  controller.abort();
  expect(await put).toMatchObject({ code: 'EABORTED', uploadId: 'ID' });
});

test('Aborting while an adaptive client holds it back stops it', async () => {
  const server = await scripted(store());
  const client = new S3Client({
    endpoint: server.endpoint,
    credentials,
    region: 'us-east-1',
    retryMode: 'adaptive',
  });
  onTestFinished(() => client.destroy());
  const uploads = s3Put('', { client });
  await uploads.putBuffer(Buffer.from('first'), 'first');
  const strategy = (await client.config.retryStrategy()) as { acquireInitialRetryToken: unknown };
  strategy.acquireInitialRetryToken = () => new Promise(() => undefined);
  const put = uploads.putBuffer(Buffer.from('second'), 'second', {}, { totalTimeoutMs: 50 });
  expect(await failureOf(put)).toMatchObject({ code: 'ETOTALTIMEOUT', history: [] });
  expect(server.received).toHaveLength(1);
});
