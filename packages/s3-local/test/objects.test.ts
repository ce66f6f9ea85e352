import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { send, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';
import { presignedPath } from './support/signer.ts';

const text = async (body: { transformToString(): Promise<string> } | undefined): Promise<string> =>
  (await body?.transformToString()) ?? '';

test('an object comes back with its bytes, its headers, its metadata and its checksum', async () => {
  const client = startClient(await startServer());
  const body = randomBytes(3 * 1024 * 1024);
  const put = await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'a/b c+d&é.bin',
      Body: body,
      ContentType: 'image/png',
      CacheControl: 'max-age=60',
      ContentDisposition: 'inline',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { colour: 'green' },
    }),
  );
  const md5 = createHash('md5').update(body).digest('hex');
  expect(put).toMatchObject({ ETag: `"${md5}"`, ChecksumType: 'FULL_OBJECT' });

  const got = await client.send(
    new GetObjectCommand({ Bucket: bucket, Key: 'a/b c+d&é.bin', ChecksumMode: 'ENABLED' }),
  );
  expect(got).toMatchObject({
    ETag: `"${md5}"`,
    ContentLength: body.length,
    ContentType: 'image/png',
    CacheControl: 'max-age=60',
    ContentDisposition: 'inline',
    ContentEncoding: 'gzip',
    ContentLanguage: 'de',
    Metadata: { colour: 'green' },
    ChecksumCRC32: put.ChecksumCRC32,
  });
  expect(body.equals(Buffer.from((await got.Body?.transformToByteArray()) ?? []))).toBe(true);
});

test('bytes in metadata that are not ASCII come back as they were sent', async () => {
  const { port } = await startServer();
  const value = Buffer.from('grün').toString('latin1');
  const path = `/${bucket}/k`;
  // Signed as the bytes that they are, which the signer for tests does not do.
  const presigned = presignedPath({
    method: 'PUT',
    path: `${path}?x-amz-meta-colour=gr%C3%BCn`,
    host: `127.0.0.1:${port}`,
  });
  const put = await send({
    port,
    method: 'PUT',
    path: presigned,
    headers: { host: `127.0.0.1:${port}`, 'content-length': '1' },
    body: 'x',
  });
  expect(put.status).toBe(200);
  for (const method of ['GET', 'HEAD']) {
    const answer = await sendSigned(port, { method, path });
    expect(answer.headers['x-amz-meta-colour']).toBe(value);
  }
});

test('an empty object is an object', async () => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'empty', Body: Buffer.alloc(0) }));
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'empty' }));
  expect(got.ContentLength).toBe(0);
  expect(await text(got.Body)).toBe('');
});

test('a stream with an unsigned trailer is taken, and its framing is not stored', async () => {
  const client = startClient(await startServer());
  const pieces = [randomBytes(64 * 1024), randomBytes(64 * 1024), randomBytes(100)];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'stream',
      Body: Readable.from(pieces),
      ContentLength: length,
    }),
  );
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'stream' }));
  expect(got.ContentEncoding).toBeUndefined();
  expect(Buffer.concat(pieces).equals(Buffer.from((await got.Body?.transformToByteArray()) ?? []))).toBe(
    true,
  );
});

test.each([
  ['bytes=2-4', '234', 'bytes 2-4/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=-2', '89', 'bytes 8-9/10'],
  ['bytes=-50', '0123456789', 'bytes 0-9/10'],
  ['bytes=5-500', '56789', 'bytes 5-9/10'],
])('the range %s is answered with its bytes', async (range, bytes, contentRange) => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'digits', Body: '0123456789' }));
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'digits', Range: range }));
  expect(got).toMatchObject({ ContentRange: contentRange, ContentLength: bytes.length });
  expect(got.$metadata.httpStatusCode).toBe(206);
  expect(await text(got.Body)).toBe(bytes);
});

test('a range behind the end is refused; what is no single range means the whole object', async () => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'digits', Body: '0123456789' }));
  const get = (Range: string) => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'digits', Range }));
  await expect(get('bytes=10-')).rejects.toMatchObject({
    name: 'InvalidRange',
    $metadata: { httpStatusCode: 416 },
  });
  await expect(get('bytes=-0')).rejects.toMatchObject({ name: 'InvalidRange' });
  for (const range of ['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2']) {
    const whole = await get(range);
    expect([whole.$metadata.httpStatusCode, await text(whole.Body)]).toEqual([200, '0123456789']);
  }
});

test('reads honour their four conditions', async () => {
  const client = startClient(await startServer());
  const { ETag } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
  const status = (conditions: object): Promise<number | undefined> =>
    client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', ...conditions })).then(
      async ({ $metadata, Body }) => {
        await text(Body);
        return $metadata.httpStatusCode;
      },
      (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
    );
  const past = new Date(Date.now() - 86_400_000);
  const future = new Date(Date.now() + 86_400_000);
  expect(await status({ IfMatch: ETag })).toBe(200);
  expect(await status({ IfMatch: '"other"' })).toBe(412);
  expect(await status({ IfNoneMatch: ETag })).toBe(304);
  expect(await status({ IfNoneMatch: '"other"' })).toBe(200);
  expect(await status({ IfNoneMatch: `"other", ${ETag}` })).toBe(304);
  expect(await status({ IfNoneMatch: `"other", W/${ETag}` })).toBe(304);
  expect(await status({ IfNoneMatch: '*' })).toBe(304);
  expect(await status({ IfMatch: `"other",${ETag}` })).toBe(200);
  expect(await status({ IfMatch: '*' })).toBe(200);
  expect(await status({ IfMatch: `W/${ETag}` })).toBe(412);
  expect(await status({ IfModifiedSince: past })).toBe(200);
  expect(await status({ IfModifiedSince: future })).toBe(304);
  expect(await status({ IfUnmodifiedSince: past })).toBe(412);
  expect(await status({ IfMatch: ETag, IfUnmodifiedSince: past })).toBe(200);
  expect(await status({ IfNoneMatch: '"other"', IfModifiedSince: future })).toBe(200);
});

test('writes honour If-None-Match and If-Match', async () => {
  const client = startClient(await startServer());
  const put = (conditions: object) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ...conditions }));
  await expect(put({ IfMatch: '"any"' })).rejects.toMatchObject({ name: 'NoSuchKey' });
  const { ETag } = await put({ IfNoneMatch: '*' });
  await expect(put({ IfNoneMatch: '*' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
    $metadata: { httpStatusCode: 412 },
  });
  await expect(put({ IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await put({ IfMatch: ETag });
});

test('of many writers with If-None-Match, exactly one succeeds', async () => {
  const client = startClient(await startServer());
  const writers = Array.from({ length: 20 }, (_, index) =>
    client.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'one', Body: `writer ${index}`, IfNoneMatch: '*' }),
    ),
  );
  const results = await Promise.allSettled(writers);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('HEAD answers as GET does, without the bytes', async () => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'hello', Metadata: { a: 'b' } }));
  const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
  expect(head).toMatchObject({ ContentLength: 5, Metadata: { a: 'b' }, AcceptRanges: 'bytes' });
  await expect(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'none' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
});

test('what is missing is named', async () => {
  const client = startClient(await startServer());
  await expect(client.send(new GetObjectCommand({ Bucket: bucket, Key: 'none' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
    Key: 'none',
  });
  await expect(
    client.send(new PutObjectCommand({ Bucket: 'no-such-bucket', Key: 'k', Body: 'x' })),
  ).rejects.toMatchObject({ name: 'NoSuchBucket', BucketName: 'no-such-bucket' });
});

test('deleting works once and again, one by one and many at a time', async () => {
  const client = startClient(await startServer());
  for (const Key of ['a', 'b & c', 'd'])
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
  const deleted = await client.send(
    new DeleteObjectsCommand({
      Bucket: bucket,
      Delete: { Objects: [{ Key: 'b & c' }, { Key: 'none' }, { Key: 'd', ETag: '"other"' }] },
    }),
  );
  expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(['b & c', 'none']);
  expect(deleted.Errors).toMatchObject([{ Key: 'd', Code: 'PreconditionFailed' }]);
  await expect(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'b & c' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
  await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'd' }));
});

test('a reader keeps the object that it opened, while it is replaced and deleted', async () => {
  const client = startClient(await startServer());
  const body = randomBytes(8 * 1024 * 1024);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body }));
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'new' }));
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
  expect(body.equals(Buffer.from((await got.Body?.transformToByteArray()) ?? []))).toBe(true);
});

test('what is not implemented is refused instead of pretended', async () => {
  const client = startClient(await startServer());
  const put = (more: object) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', ...more }));
  for (const more of [
    { GrantRead: 'id=1' },
    { StorageClass: 'GLACIER' },
    { ObjectLockLegalHoldStatus: 'ON' },
    { ExpectedBucketOwner: '111122223333' },
  ]) {
    await expect(put(more)).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  }
  await expect(put({ StorageClass: 'NONE' })).rejects.toMatchObject({ name: 'InvalidStorageClass' });
  await expect(put({ Metadata: { big: 'x'.repeat(2048) } })).rejects.toMatchObject({
    name: 'MetadataTooLarge',
  });
  await expect(
    client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', VersionId: 'v1' })),
  ).rejects.toMatchObject({ name: 'InvalidArgument' });
});
