import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { scripted, store } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const otherMd5 = '"0123456789abcdef0123456789abcdef"';

test('The checksum and the ETag are those of the bytes, also of a file of many pieces', async () => {
  const server = await scripted(store());
  const content = someBytes(2 * MiB + 1);
  const stored = await s3Put(server.endpoint).put(await temporaryFile(content), 'key');
  expect(stored.etag).toBe(createHash('md5').update(content).digest('hex'));
  expect(stored.checksum).toBe(server.received[0]?.headers['x-amz-checksum-crc32']);
  expect(stored.verified).toEqual({ checksum: true, etag: false });
  const verifying = s3Put(server.endpoint, { verifyETag: true });
  expect(await verifying.put(await temporaryFile(content), 'key')).toMatchObject({
    verified: { etag: true },
  });
});

test.each([
  ['ETag', { verifyETag: true }, { etag: otherMd5 }],
  ['ETag where there is no checksum', {}, { etag: otherMd5, 'x-amz-checksum-crc32': '' }],
  ['ETag of a body with Content-MD5', { contentMD5: true }, { etag: otherMd5 }],
  ['checksum', {}, { 'x-amz-checksum-crc32': 'AAAAAA==' }],
])('A wrong %s is an error', async (_, options, answer) => {
  const server = await scripted(store(answer));
  const error = await failureOf(s3Put(server.endpoint, options).put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({
    code: 'EINTEGRITY',
    source: 's3',
    statusCode: 200,
    s3: { requestId: 'REQUEST' },
  });
});

test('Without a checksum in the answer the ETag is compared, also of a file that is read again for it', async () => {
  const server = await scripted(store({ 'x-amz-checksum-crc32': '' }));
  const path = await temporaryFile(someBytes(2 * MiB + 1));
  const stored = await s3Put(server.endpoint).put(path, 'key');
  expect(stored.verified).toEqual({ checksum: false, etag: true });
});

test.each([
  ['SSE-KMS', { 'x-amz-server-side-encryption': 'aws:kms' }],
  ["a customer's key", { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }],
])('With %s the ETag is no MD5, and that it was not compared is told', async (_, answer) => {
  const server = await scripted(store({ etag: otherMd5, ...answer }));
  const uploads = s3Put(server.endpoint, { verifyETag: true });
  const stored = await uploads.put(await temporaryFile('small'), 'key');
  expect(stored.verified).toEqual({ checksum: true, etag: false });
});

test('A server that returns no checksum and an ETag of its own kind verifies nothing, and that is told', async () => {
  const server = await scripted(store({ 'x-amz-checksum-crc32': '', etag: '"opaque-1"' }));
  const stored = await s3Put(server.endpoint).put(await temporaryFile('small'), 'key');
  expect(stored).toMatchObject({ etag: 'opaque-1', verified: { checksum: false, etag: false } });
});

test('`verifyETag: false` leaves the ETag alone', async () => {
  const server = await scripted(store({ etag: otherMd5 }));
  const stored = await s3Put(server.endpoint, { verifyETag: false }).put(await temporaryFile('small'), 'key');
  expect(stored.verified).toEqual({ checksum: true, etag: false });
});

test('A checksum of your own replaces ours, and is the one that is compared', async () => {
  const sha256 = createHash('sha256').update('small').digest('base64');
  const server = await scripted(store({ 'x-amz-checksum-crc32': '', 'x-amz-checksum-sha256': sha256 }));
  const path = await temporaryFile('small');
  const stored = await s3Put(server.endpoint).put(path, 'key', { 'x-amz-checksum-sha256': sha256 });
  expect(stored).toMatchObject({ checksum: sha256, verified: { checksum: true } });
  expect(server.received[0]?.headers).not.toHaveProperty('x-amz-checksum-crc32');
});
