import { truncate } from 'node:fs/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test, vi } from 'vitest';
import { answer, resetAfter, s3Error, scripted, store } from './support/scripted-server.ts';
import { credentials, failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

test('Fifty failures leave no descriptor and no connection behind', async () => {
  const server = await scripted(
    ...Array.from({ length: 25 }, () => answer(403, {}, s3Error('AccessDenied'))),
    resetAfter(MiB),
  );
  const client = new S3Client({
    endpoint: server.endpoint,
    credentials,
    region: 'us-east-1',
    maxAttempts: 1,
  });
  const uploads = s3Put(server.endpoint, { client });
  const path = await temporaryFile(someBytes(2 * MiB));
  await failureOf(uploads.put(path, 'key'));
  await waitUntil(() => server.connections.open.size === 0, { what: 'the first connection to end' });
  const before = openDescriptors();
  const puts = Array.from({ length: 50 }, (_, index) =>
    index % 5 === 0 ? uploads.put(`${path}.missing`, 'key') : uploads.put(path, 'key'),
  );
  const codes = new Set((await Promise.all(puts.map(failureOf))).map(({ code }) => code));
  expect([...codes].toSorted()).toEqual(['EFILENOTFOUND', 'ENETWORK', 'ES3']);
  await waitUntil(() => server.connections.open.size === 0, { what: 'all connections to end' });
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
  client.destroy();
});

test('Many puts one after the other share a connection, and leave no listener on it', async () => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint);
  for (let index = 0; index < 30; index += 1) await uploads.putBuffer(Buffer.from('small'), `key-${index}`);
  expect(server.connections.total).toBe(1);
});

test('No more connections are made than allowed', async () => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint, { maxConnections: 2 });
  const path = await temporaryFile('small');
  await Promise.all(Array.from({ length: 20 }, (_, index) => uploads.put(path, `key-${index}`)));
  expect(server.connections.total).toBeLessThanOrEqual(2);
});

test('`close` waits for what is under way, ends the connections, and takes no more', async () => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint);
  const path = await temporaryFile('small');
  const put = uploads.put(path, 'key');
  await uploads.close();
  expect(await put).toMatchObject({ statusCode: 200 });
  await waitUntil(() => server.connections.open.size === 0, { what: 'the connections to end' });
  expect(await failureOf(uploads.put(path, 'key'))).toMatchObject({ code: 'ECLOSED', source: 'caller' });
});

test('`destroy` ends what is under way', async () => {
  const server = await scripted(() => undefined);
  const uploads = s3Put(server.endpoint);
  const put = failureOf(uploads.put(await temporaryFile('small'), 'key'));
  await waitUntil(() => server.received.length === 1, { what: 'the request' });
  uploads.destroy();
  expect(await put).toMatchObject({ code: 'ECLOSED' });
  await waitUntil(() => server.connections.open.size === 0, { what: 'the connections to end' });
});

test("A user's client is left open", async () => {
  const client = new S3Client({ endpoint: 'http://127.0.0.1:1', credentials, region: 'us-east-1' });
  const destroyed = vi.spyOn(client, 'destroy');
  await s3Put('', { client }).close();
  expect(destroyed).not.toHaveBeenCalled();
  client.destroy();
});

test('Memory of a large file stays that of a few pieces', async () => {
  const server = await scripted((request, response) => {
    response.writeContinue();
    request.resume().once('end', () => response.writeHead(200, { etag: '"opaque-1"' }).end());
  });
  const path = await temporaryFile('');
  await truncate(path, 256 * MiB); // sparse
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 5);
  await s3Put(server.endpoint, { multipartFromBytes: 1024 * MiB }).put(path, 'key');
  clearInterval(watch);
  // The server of this test is in the same process: what it has read and not yet forgotten counts as well.
  expect(peak - before).toBeLessThan(96 * MiB);
});
