import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

describe('Against a strict S3', () => {
  test.each([0, 1, MiB, MiB + 1, 3 * MiB, 7 * MiB + 13])(
    'a file of %i bytes arrives as it is',
    async (size) => {
      const s3 = await localS3();
      const content = someBytes(size);
      const stored = await s3Put(s3.endpoint).put(await temporaryFile(content), 'photos/cat.jpg');
      expect(stored).toMatchObject({
        statusCode: 200,
        bytes: size,
        attempts: 1,
        verified: { checksum: true, etag: false },
      });
      expect((await s3.content('photos/cat.jpg')).equals(content)).toBe(true);
      expect(await s3.head('photos/cat.jpg')).toMatchObject({
        ContentType: 'image/jpeg',
        ETag: `"${stored.etag}"`,
        ChecksumCRC32: stored.checksum,
      });
    },
  );

  test('bytes in memory arrive as they are', async () => {
    const s3 = await localS3();
    const content = someBytes(2 * MiB);
    await s3Put(s3.endpoint).putBuffer(content, 'notes.html');
    expect((await s3.content('notes.html')).equals(content)).toBe(true);
    expect(await s3.head('notes.html')).toMatchObject({ ContentType: 'text/html' });
  });

  test("headers in S3's own names are signed, sent and kept", async () => {
    const s3 = await localS3();
    const headers = {
      'Content-Type': 'image/x-cat',
      'cache-control': 'max-age=60',
      'X-Amz-Meta-Owner': 'Chinese  chicken',
      'x-amz-acl': 'private',
      'x-amz-storage-class': 'STANDARD',
    };
    await s3Put(s3.endpoint).put(await temporaryFile('small'), 'key', headers);
    expect(await s3.head('key')).toMatchObject({
      ContentType: 'image/x-cat',
      CacheControl: 'max-age=60',
      Metadata: { owner: expect.stringMatching(/^Chinese +chicken$/) },
    });
  });

  test.each(['a b+c', 'ü/日本/😀', "quote's (1)!*", 'a//b', '%41', 'x'.repeat(1024)])(
    'the key %o is signed right',
    async (key) => {
      const s3 = await localS3();
      await s3Put(s3.endpoint).put(await temporaryFile('small'), key);
      expect((await s3.content(key)).toString()).toBe('small');
    },
  );

  test('a wrong secret, a missing bucket and a failed condition are refused before the body', async () => {
    const s3 = await localS3();
    const path = await temporaryFile(someBytes(2 * MiB));
    const wrong = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'guessed' };
    const uploads = s3Put(s3.endpoint);
    await uploads.put(path, 'taken');
    const errors = [
      await failureOf(s3Put(s3.endpoint, { credentials: wrong }).put(path, 'key')),
      await failureOf(s3Put(s3.endpoint, { bucket: 'nowhere' }).put(path, 'key')),
      await failureOf(uploads.put(path, 'taken', { 'if-none-match': '*' })),
    ];
    expect(
      errors.map(({ statusCode, s3, history }) => [statusCode, s3?.code, history[0]?.bytesSent]),
    ).toEqual([
      [403, 'SignatureDoesNotMatch', 0],
      [404, 'NoSuchBucket', 0],
      [412, 'PreconditionFailed', 0],
    ]);
  });

  test('a checksum or Content-MD5 that is not that of the file is refused', async () => {
    const s3 = await localS3();
    const path = await temporaryFile('small');
    const uploads = s3Put(s3.endpoint);
    const error = await failureOf(uploads.put(path, 'key', { 'x-amz-checksum-crc32': 'AAAAAA==' }));
    expect(error).toMatchObject({ code: 'ES3', statusCode: 400 });
    const md5 = Buffer.alloc(16).toString('base64');
    expect(await failureOf(uploads.put(path, 'key', { 'content-md5': md5 }))).toMatchObject({
      s3: { code: 'BadDigest' },
    });
  });

  test('retries through a client of your own arrive whole', async () => {
    const s3 = await localS3();
    const content = someBytes(4 * MiB);
    s3.faults.next({ method: 'PUT', resetAfterBytes: 2 * MiB });
    s3.faults.next({ method: 'PUT', status: 503, code: 'SlowDown', afterBody: true });
    const stored = await s3Put(s3.endpoint, { client: s3.client }).put(await temporaryFile(content), 'key');
    expect(stored.attempts).toBe(3);
    expect((await s3.content('key')).equals(content)).toBe(true);
  });

  test('a client that caches its middleware sends each object as it is', async () => {
    const s3 = await localS3();
    const { credentials, region } = s3.client.config;
    const client = new S3Client({
      endpoint: s3.endpoint,
      credentials,
      region,
      cacheMiddleware: true,
      forcePathStyle: true,
    });
    const uploads = s3Put('', { client });
    await Promise.all(['one', 'two', 'three'].map((key) => uploads.putBuffer(Buffer.from(key), key)));
    client.destroy();
    expect((await s3.content('two')).toString()).toBe('two');
  });
});
