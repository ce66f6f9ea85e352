import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

const path = `/${bucket}/k`;
const md5 = createHash('md5').update('x').digest('hex');
const target = { Bucket: bucket, Key: 'k' };

test('a 200 may have an error inside, and nothing was done', async () => {
  const { port, faults } = await startServer();
  const asks = {
    PutObject: '',
    UploadPart: '?partNumber=1&uploadId=u',
    CompleteMultipartUpload: '?uploadId=u',
  };
  for (const [operation, query] of Object.entries(asks)) {
    faults.next({ operation, status: 200, code: 'InternalError', afterBody: true });
    const method = operation === 'CompleteMultipartUpload' ? 'POST' : 'PUT';
    const answer = await sendSigned(port, { method, path: path + query, body: 'x' });
    expect([answer.status, codeOf(answer)]).toEqual([200, 'InternalError']);
  }
  faults.next({ operation: 'CopyObject', status: 200, code: 'InternalError' });
  const headers = { 'x-amz-copy-source': `${bucket}/other` };
  const copy = await sendSigned(port, { method: 'PUT', path, headers });
  expect([copy.status, codeOf(copy)]).toEqual([200, 'InternalError']);
  expect((await sendSigned(port, { method: 'HEAD', path })).status).toBe(404);
});

test('an ETag is wrong or missing in the answer alone', async () => {
  const { faults, ...server } = await startServer();
  const client = startClient(server);
  const put = () => client.send(new PutObjectCommand({ ...target, Body: 'x' }));
  faults.next({ etag: 'wrong' });
  const wrong = await put();
  expect(wrong.ETag).toMatch(/^"[\da-f]{32}"$/);
  expect(wrong.ETag).not.toBe(`"${md5}"`);
  expect(wrong.ChecksumCRC32).toBeTypeOf('string');
  faults.next({ etag: 'missing' });
  expect((await put()).ETag).toBeUndefined();
  expect((await client.send(new HeadObjectCommand(target))).ETag).toBe(`"${md5}"`);
  faults.next({ etag: 'wrong' });
  const copy = await client.send(
    new CopyObjectCommand({ ...target, Key: 'copy', CopySource: `${bucket}/k` }),
  );
  expect(copy.CopyObjectResult?.ETag).toBe(wrong.ETag);
});

test('an ETag and a checksum are wrong or missing in the XML of a completed upload', async () => {
  const { faults, ...server } = await startServer();
  const client = startClient(server);
  const complete = async () => {
    const create = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'CRC32' });
    const upload = { ...target, UploadId: (await client.send(create)).UploadId };
    const part = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }));
    const Parts = [{ PartNumber: 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 }];
    return client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  };
  const right = await complete();
  faults.next({ operation: 'CompleteMultipartUpload', etag: 'wrong', checksum: 'wrong' });
  const wrong = await complete();
  expect(wrong.ETag).toMatch(/^"[\da-f]{32}-1"$/);
  expect(wrong.ETag).not.toBe(right.ETag);
  expect(wrong.ChecksumCRC32).toMatch(/^[\w+/]{6}==-1$/);
  expect(wrong.ChecksumCRC32).not.toBe(right.ChecksumCRC32);
  faults.next({ operation: 'CompleteMultipartUpload', etag: 'missing', checksum: 'missing' });
  expect(await complete()).not.toMatchObject({ ETag: expect.anything() });
  const head = await client.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
  expect(head).toMatchObject({ ETag: right.ETag, ChecksumCRC32: right.ChecksumCRC32 });
});

test('a client that verifies checksums notices a wrong one', async () => {
  const { faults, ...server } = await startServer();
  const client = startClient(server);
  await client.send(new PutObjectCommand({ ...target, Body: 'x' }));
  faults.next({ operation: 'GetObject', checksum: 'wrong' });
  const read = async () => (await client.send(new GetObjectCommand(target))).Body?.transformToString();
  await expect(read()).rejects.toThrow(/[Cc]hecksum/);
  expect(await read()).toBe('x');
});

test.each([502, 413, 200])('a proxy answers with its own page and status %i', async (status) => {
  const { port, faults } = await startServer();
  const put = () =>
    sendSigned(port, { method: 'PUT', path, body: 'x', unsigned: { expect: '100-continue' } });
  for (const afterBody of [false, true]) {
    faults.next({ status, page: 'nginx', afterBody });
    const answer = await put();
    expect(answer).toMatchObject({
      status,
      continues: afterBody ? 1 : 0,
      headers: { server: 'nginx', 'content-type': 'text/html' },
    });
    expect(answer.headers['x-amz-request-id']).toBeUndefined();
    expect(answer.body).toMatch(new RegExp(`<h1>${status} \\w.*</h1>`));
  }
  expect((await put()).status).toBe(200);
});

test('a 403 is empty, with a request id or without', async () => {
  const { port, faults } = await startServer();
  const put = () => sendSigned(port, { method: 'PUT', path, body: 'x' });
  faults.next({ status: 403, page: 'empty' });
  faults.next({ status: 403, page: 'empty', withoutRequestId: true });
  const [from, foreign] = [await put(), await put()];
  expect([from.status, from.body, foreign.status, foreign.body]).toEqual([403, '', 403, '']);
  expect(from.headers['x-amz-request-id']).toMatch(/^[\dA-F]{16}$/);
  expect(foreign.headers['x-amz-request-id']).toBeUndefined();
});

test('an answer is cut off before the end that its length has promised', async () => {
  const { port, faults } = await startServer();
  const before = openDescriptors();
  const body = 'x'.repeat(1_000_000);
  faults.next({ method: 'PUT', truncateAfterBytes: 0 });
  await expect(sendSigned(port, { method: 'PUT', path, body })).rejects.toMatchObject({ code: 'ECONNRESET' });
  faults.next({ method: 'GET', truncateAfterBytes: 600_000 });
  await expect(sendSigned(port, { method: 'GET', path })).rejects.toMatchObject({
    code: 'ECONNRESET',
    message: 'aborted',
  });
  faults.next({ method: 'GET', truncateAfterBytes: 2_000_000 });
  await expect(sendSigned(port, { method: 'GET', path })).rejects.toMatchObject({ message: 'aborted' });
  expect((await sendSigned(port, { method: 'GET', path })).body).toBe(body);
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});

test('a bucket that is elsewhere redirects, for good or for now', async () => {
  const { port, faults, ...server } = await startServer();
  const redirect = { endpoint: 'photos.s3.eu-central-1.amazonaws.com', region: 'eu-central-1' };
  faults.next({ redirect: { status: 301, ...redirect } });
  const moved = await sendSigned(port, { method: 'PUT', path, body: 'x' });
  expect([moved.status, codeOf(moved)]).toEqual([301, 'PermanentRedirect']);
  expect(moved.body).toContain(`<Endpoint>${redirect.endpoint}</Endpoint><Bucket>${bucket}</Bucket>`);
  expect(moved.headers).toMatchObject({ 'x-amz-bucket-region': 'eu-central-1' });
  expect(moved.headers.location).toBeUndefined();
  faults.next({ redirect: { status: 307, ...redirect } });
  const elsewhere = await sendSigned(port, { method: 'PUT', path, body: 'x' });
  expect([elsewhere.status, codeOf(elsewhere)]).toEqual([307, 'TemporaryRedirect']);
  expect(elsewhere.headers.location).toBe(`http://${redirect.endpoint}${path}`);
  faults.next({ redirect: { status: 301, ...redirect } });
  await expect(
    startClient(server).send(new PutObjectCommand({ ...target, Body: 'x' })),
  ).rejects.toMatchObject({ name: 'PermanentRedirect', Endpoint: redirect.endpoint });
});
