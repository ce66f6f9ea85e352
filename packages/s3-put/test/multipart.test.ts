import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { appendFileSync, truncateSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answer, answerAfterBody, s3Error, scripted, store } from './support/scripted-server.ts';
import { created, scriptedUploads } from './support/scripted-uploads.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };
const content = someBytes(17 * MiB + 3);

/** As S3 writes it. */
function crc32Of(bytes: Uint8Array): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32(bytes));
  return four.toString('base64');
}

test('A large file goes in parts, and is one object with its headers', async () => {
  const s3 = await localS3();
  const path = await temporaryFile(content, 'film.mp4');
  const stored = await s3Put(s3.endpoint, inParts).put(path, 'film', {
    'x-amz-meta-who': 'me',
    'if-none-match': '*',
  });
  expect(stored).toMatchObject({
    bytes: content.length,
    attempts: 1,
    etag: expect.stringMatching(/-4$/),
    checksum: crc32Of(content),
    verified: { checksum: true, etag: true },
  });
  expect((await s3.content('film')).equals(content)).toBe(true);
  expect(await s3.head('film')).toMatchObject({
    ContentType: 'video/mp4',
    Metadata: { who: 'me' },
    ETag: `"${stored.etag}"`,
  });
  const again = await failureOf(s3Put(s3.endpoint, inParts).put(path, 'film', { 'if-none-match': '*' }));
  expect(again).toMatchObject({ operation: 'CompleteMultipartUpload', statusCode: 412 });
  expect(await s3.uploadsLeft()).toBe(0);
});

test.each([
  { fileMiB: 100, options: {}, partMiB: 8 },
  { fileMiB: 1024, options: {}, partMiB: 16 },
  { fileMiB: 8192, options: {}, partMiB: 32 },
  { fileMiB: 1024, options: { partBytes: 5 * MiB }, partMiB: 5 },
])(
  'A file of $fileMiB MiB goes in parts of $partMiB MiB with $options',
  async ({ fileMiB, options, partMiB }) => {
    const refused = answer(403, { connection: 'close' }, s3Error('AccessDenied'));
    const server = await scriptedUploads({ part: refused });
    const path = await temporaryFile('');
    truncateSync(path, fileMiB * MiB); // sparse
    await failureOf(s3Put(server.endpoint, options).put(path, 'film'));
    const [first] = server.of('part');
    expect(first?.headers['content-length']).toBe(String(partMiB * MiB));
  },
);

test('Parts that are reset or refused for the moment are sent again', async () => {
  const s3 = await localS3();
  s3.faults.next({ method: 'PUT', resetAfterBytes: MiB });
  s3.faults.next({ method: 'PUT', status: 503, code: 'SlowDown', afterBody: true });
  const stored = await s3Put(s3.endpoint, inParts).put(await temporaryFile(content), 'film');
  expect(stored.attempts).toBe(3);
  expect((await s3.content('film')).equals(content)).toBe(true);
});

test('A refusal costs no byte', async () => {
  const s3 = await localS3();
  const error = await failureOf(
    s3Put(s3.endpoint, { ...inParts, bucket: 'nowhere' }).put(await temporaryFile(content), 'film'),
  );
  expect(error).toMatchObject({
    operation: 'CreateMultipartUpload',
    s3: { code: 'NoSuchBucket' },
    history: [{ bytesSent: 0 }],
  });
});

test('A part that fails for good ends the others and leaves no upload', async () => {
  const s3 = await localS3();
  s3.faults.next({ method: 'PUT', status: 403, code: 'AccessDenied' });
  const error = await failureOf(s3Put(s3.endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({ operation: 'UploadPart', code: 'ES3', s3: { code: 'AccessDenied' } });
  expect(error.history).toHaveLength(1);
  expect(await s3.uploadsLeft()).toBe(0);
});

test('Aborting in the middle leaves no upload', async () => {
  const s3 = await localS3();
  s3.faults.next({ method: 'PUT', delayMs: 600_000, times: 4 });
  const controller = new AbortController();
  const put = s3Put(s3.endpoint, inParts).put(
    await temporaryFile(content),
    'film',
    {},
    { signal: controller.signal },
  );
  const failing = failureOf(put);
  await waitUntil(() => s3.uploadsLeft(), { what: 'the upload to be created' });
  controller.abort();
  expect(await failing).toMatchObject({ code: 'EABORTED' });
  await waitUntil(async () => (await s3.uploadsLeft()) === 0, { what: 'the upload to be gone' });
});

test('A file that changes in the middle is EFILECHANGED, and leaves neither object nor upload', async () => {
  const s3 = await localS3();
  const path = await temporaryFile(content);
  for (const asked of ['request', 'checkContinue']) {
    s3.server.on(
      asked,
      ({ method }: IncomingMessage) => void (method === 'PUT' && appendFileSync(path, 'more')),
    );
  }
  const put = s3Put(s3.endpoint, inParts).put(path, 'film');
  expect(await failureOf(put)).toMatchObject({ code: 'EFILECHANGED' });
  expect(await s3.uploadsLeft()).toBe(0);
  await expect(s3.head('film')).rejects.toMatchObject({ name: 'NotFound' });
});

test('An error document under the 200 that completes it is an error', async () => {
  const server = await scripted((request, response, received) => {
    const query = new URL(request.url ?? '', 'http://s3').searchParams;
    if (query.has('uploads')) {
      const document =
        '<InitiateMultipartUploadResult><UploadId>ID</UploadId></InitiateMultipartUploadResult>';
      return answerAfterBody(200, {}, document)(request, response, received);
    }
    if (request.method === 'PUT') return store()(request, response, received);
    if (request.method === 'DELETE') return answerAfterBody(204, {})(request, response, received);
    return answerAfterBody(200, {}, s3Error('InternalError'))(request, response, received);
  });
  const error = await failureOf(s3Put(server.endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({
    operation: 'CompleteMultipartUpload',
    statusCode: 200,
    s3: { code: 'InternalError' },
  });
  expect(error.history).toHaveLength(3);
  expect(server.received.at(-1)?.url).toContain('uploadId=ID');
});

test('An upload that cannot be taken out of the bucket is named', async () => {
  const s3 = await localS3();
  s3.faults.next({ method: 'PUT', status: 403, code: 'AccessDenied', times: 4 });
  s3.faults.next({ method: 'DELETE', status: 403, code: 'AccessDenied' });
  const error = await failureOf(s3Put(s3.endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({ operation: 'UploadPart', uploadId: expect.any(String) });
  expect(error.message).toContain(`the upload ${error.uploadId} is left in the bucket`);
  expect(await s3.uploadsLeft()).toBe(1);
});

test('A file with a checksum of yours goes whole', async () => {
  const server = await scripted(store());
  const md5 = createHash('md5').update(content).digest('base64');
  await s3Put(server.endpoint, inParts).put(await temporaryFile(content), 'film', { 'content-md5': md5 });
  expect(server.received.map(({ url }) => url)).toEqual(['/bucket/film?x-id=PutObject']);
});

test('A put that is aborted while its upload begins takes it out again', async () => {
  const server = await scriptedUploads({
    create: async (...scene) => {
      controller.abort();
      await created()(...scene);
    },
  });
  const controller = new AbortController();
  const put = failureOf(
    s3Put(server.endpoint, inParts).put(
      await temporaryFile(content),
      'film',
      {},
      { signal: controller.signal },
    ),
  );
  expect(await put).toMatchObject({ code: 'EABORTED', operation: 'PutObject' });
  expect(server.of('abort').map(({ url }) => url)).toEqual([expect.stringContaining('uploadId=ID')]);
  expect(server.count('part')).toBe(0);
});
