import { randomBytes } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Fault } from '@silly-face/s3-local';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

const path = `/${bucket}/k`;

test('an error on purpose strikes the request that it names, as often as it says', async () => {
  const { port, faults } = await startServer();
  faults.next({ method: 'PUT', key: 'k', status: 503, code: 'SlowDown', times: 2 });
  expect(faults.pending).toBe(2);
  const put = (to: string) => sendSigned(port, { method: 'PUT', path: to, body: 'x' });
  expect((await put(`/${bucket}/other`)).status).toBe(200);
  for (let round = 0; round < 2; round++) {
    const answer = await put(path);
    expect([answer.status, codeOf(answer)]).toEqual([503, 'SlowDown']);
  }
  expect(faults.pending).toBe(0);
  expect((await put(path)).status).toBe(200);
});

test('an error comes before the body or after it', async () => {
  const { port, faults } = await startServer();
  const put = () =>
    sendSigned(port, {
      method: 'PUT',
      path,
      body: 'x'.repeat(100_000),
      unsigned: { expect: '100-continue' },
    });
  faults.next({ status: 500, code: 'InternalError' });
  expect(await put()).toMatchObject({ status: 500, continues: 0 });
  faults.next({ status: 500, code: 'InternalError', afterBody: true });
  expect(await put()).toMatchObject({ status: 500, continues: 1 });
  expect((await sendSigned(port, { method: 'GET', path })).status).toBe(404);
});

test('a client that retries gets through a reset in mid-body', async () => {
  const { faults, ...server } = await startServer();
  const client = startClient(server, { maxAttempts: 3 });
  faults.next({ resetAfterBytes: 300_000 });
  faults.next({ resetAfterBytes: 0 });
  const body = randomBytes(1024 * 1024);
  const { $metadata } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body }));
  expect($metadata.attempts).toBe(3);
  expect(faults.pending).toBe(0);
});

test('a download is reset in the middle', async () => {
  const { faults, ...server } = await startServer();
  const client = startClient(server);
  const body = randomBytes(8 * 1024 * 1024);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body }));
  faults.next({ method: 'GET', resetAfterBytes: 5_000_000 });
  const read = async (): Promise<unknown> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    return Body?.transformToByteArray();
  };
  await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  await read();
});

test('a 100 that is withheld leaves the client to its own patience', async () => {
  const { port, faults } = await startServer({ idleTimeoutMs: 1_500 });
  faults.next({ withholdContinue: true });
  const put = () =>
    sendSigned(port, { method: 'PUT', path, body: 'x', unsigned: { expect: '100-continue' } });
  const patient = await put();
  expect([patient.continues, codeOf(patient)]).toEqual([0, 'RequestTimeout']);
  expect(await put()).toMatchObject({ status: 200, continues: 1 });
});

test('a delay holds a request up, but not the end of the server', async () => {
  const server = await startServer();
  const { port, faults } = server;
  faults.next({ delayMs: 600_000 });
  const held = sendSigned(port, { method: 'GET', path }).catch((error: Error) => error);
  await waitUntil(() => faults.pending === 0, { what: 'the fault to strike' });
  expect((await sendSigned(port, { method: 'GET', path })).status).toBe(404);
  await server.close();
  expect(await held).toBeInstanceOf(Error);
});

test('a fault strikes the operation and the part that it names, and lets so many pass first', async () => {
  const { port, faults } = await startServer();
  const ask = async (method: string, query: string): Promise<string | undefined> => {
    const answer = await sendSigned(port, { method, path: `${path}?${query}`, body: 'x' });
    return codeOf(answer) ?? String(answer.status);
  };
  const begun = await sendSigned(port, { method: 'POST', path: `${path}?uploads=` });
  const id = /<UploadId>(.*)<\/UploadId>/.exec(begun.body)?.[1];
  faults.next({ operation: 'UploadPart', partNumber: 2, after: 1, status: 500, code: 'Once' });
  faults.next({ operation: 'UploadPart', after: 2, times: 2, status: 500, code: 'Twice' });
  const part = (number: number) => ask('PUT', `partNumber=${number}&uploadId=${id}`);
  expect((await sendSigned(port, { method: 'PUT', path, body: 'x' })).status).toBe(200);
  expect([await part(2), await part(1), await part(2), await part(1), await part(1), await part(2)]).toEqual([
    '200',
    '200',
    'Once',
    'Twice',
    'Twice',
    '200',
  ]);
  expect(faults.pending).toBe(0);
});

test('a body is held up in the middle, and taken all the same', async () => {
  const { port, faults } = await startServer({ idleTimeoutMs: 1_000 });
  faults.next({ method: 'PUT', delayMs: 1_500, delayAfterBytes: 500_000 });
  const startMs = performance.now();
  const body = 'x'.repeat(1_000_000);
  expect((await sendSigned(port, { method: 'PUT', path, body })).status).toBe(200);
  expect(performance.now() - startMs).toBeGreaterThan(1_490);
  expect((await sendSigned(port, { method: 'GET', path })).body).toBe(body);
});

test('an answer is held up in the middle, for longer than clients may idle', async () => {
  const { port, faults } = await startServer({ idleTimeoutMs: 1_000 });
  await sendSigned(port, { method: 'PUT', path, body: '0123456789' });
  faults.next({ method: 'GET', delayMs: 1_500, delayAfterBytes: 4 });
  const startMs = performance.now();
  const answer = await sendSigned(port, { method: 'GET', path });
  expect([answer.status, answer.body]).toEqual([200, '0123456789']);
  expect(performance.now() - startMs).toBeGreaterThan(1_490);
});

test('an answer that is withheld never comes, although all is done; the end of the server is not held up', async () => {
  const server = await startServer();
  const { port, faults } = server;
  const before = openDescriptors();
  faults.next({ method: 'PUT', withholdAnswer: true });
  faults.next({ method: 'GET', after: 1, withholdAnswer: true });
  const held = sendSigned(port, { method: 'PUT', path, body: 'stored' }).catch((error: Error) => error);
  await waitUntil(async () => (await sendSigned(port, { method: 'HEAD', path })).status === 200, {
    what: 'the object to be stored',
  });
  expect((await sendSigned(port, { method: 'GET', path })).body).toBe('stored');
  const heldRead = sendSigned(port, { method: 'GET', path }).catch((error: Error) => error);
  await waitUntil(() => faults.pending === 0, { what: 'the faults to strike' });
  await server.close();
  expect(await held).toBeInstanceOf(Error);
  expect(await heldRead).toBeInstanceOf(Error);
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});

test('a 100 comes twice', async () => {
  const { port, faults } = await startServer();
  faults.next({ repeatContinue: true });
  const put = () =>
    sendSigned(port, { method: 'PUT', path, body: 'x', unsigned: { expect: '100-continue' } });
  expect(await put()).toMatchObject({ status: 200, continues: 2 });
  expect(await put()).toMatchObject({ status: 200, continues: 1 });
});

test('a fault that makes no sense is refused', async () => {
  const { faults } = await startServer();
  for (const fault of [
    {},
    { key: 'k' },
    { status: 204, code: 'OK' },
    { status: 503 },
    { code: 'SlowDown' },
    { status: 503, code: 'SlowDown', page: 'empty' },
    { status: 503, page: 'apache' },
    { status: 503, code: 'SlowDown', etag: 'wrong' },
    { status: 503, code: 'SlowDown', withholdAnswer: true },
    { redirect: { status: 302, endpoint: 'h', region: 'r' } },
    { redirect: { status: 301, endpoint: 'h\r\nx: y', region: 'r' } },
    { etag: 'right' },
    { etag: 'wrong', withoutRequestId: true },
    { delayAfterBytes: 1 },
    { withholdContinue: true, repeatContinue: true },
    { withholdContinue: 'yes' },
    { operation: 'PutObjet', delayMs: 1 },
    { partNumber: 0, delayMs: 1 },
    { after: -1, delayMs: 1 },
    { delayMs: -1 },
    { resetAfterBytes: 1, status: 503, code: 'SlowDown' },
    { afterBody: true, delayMs: 1 },
    { times: 0, delayMs: 1 },
    { delay: 1 },
  ]) {
    expect(() => faults.next(fault as Fault)).toThrow(expect.objectContaining({ code: 'EINVALIDOPTION' }));
  }
  faults.next({ delayMs: 1 });
  faults.clear();
  expect(faults.pending).toBe(0);
});
