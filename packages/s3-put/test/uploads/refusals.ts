import { truncate } from 'node:fs/promises';
import { waitUntil } from '@silly-face/testing';
import type { S3PutError } from '@silly-face/s3-put';
import { expect, test } from 'vitest';
import type { Server, Traits } from '../support/servers.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from '../support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };

export function refusals(server: () => Server, { checksums, conditionOfParts, refuses }: Traits): void {
  const size = 4 * MiB;
  const bytesSent = { 'before the body': 0, 'during the body': expect.any(Number), 'after the body': size }[
    refuses
  ];

  test(`a wrong secret is told ${refuses}`, async () => {
    const { endpoint, credentials } = server();
    const wrong = { ...credentials, secretAccessKey: 'guessed' };
    const path = await temporaryFile(someBytes(size));
    const error = await failureOf(s3Put(endpoint, { credentials: wrong }).put(path, 'wrong'));
    expect(error).toMatchObject({
      code: 'ES3',
      source: 's3',
      statusCode: 403,
      retryable: false,
      s3: { code: 'SignatureDoesNotMatch', requestId: expect.any(String) },
      history: [{ statusCode: 403, bytesSent }],
    });
  });

  test(`a missing bucket is told ${refuses}`, async () => {
    const { endpoint, credentials } = server();
    const path = await temporaryFile(someBytes(size));
    const error = await failureOf(s3Put(endpoint, { credentials, bucket: 'nowhere' }).put(path, 'key'));
    expect(error).toMatchObject({
      operation: 'PutObject',
      code: 'ES3',
      statusCode: 404,
      s3: { code: 'NoSuchBucket' },
      history: [{ bytesSent }],
    });
  });

  test('a missing bucket is told to a file in parts before any of them', async () => {
    const { endpoint, credentials } = server();
    const nowhere = s3Put(endpoint, { credentials, ...inParts, bucket: 'nowhere' });
    const error = await failureOf(nowhere.put(await temporaryFile(someBytes(6 * MiB)), 'key'));
    expect(error).toMatchObject({
      operation: 'CreateMultipartUpload',
      code: 'ES3',
      statusCode: 404,
      s3: { code: 'NoSuchBucket' },
      history: [{ bytesSent: 0 }],
    });
  });

  test('`if-none-match` keeps what is there', async () => {
    const { endpoint, credentials, stored } = server();
    const uploads = s3Put(endpoint, { credentials });
    const once = { 'if-none-match': '*' };
    await uploads.putBuffer(Buffer.from('first'), 'once', once);
    const error = await failureOf(uploads.put(await temporaryFile(someBytes(2 * MiB)), 'once', once));
    expect(error).toMatchObject({
      code: 'ES3',
      statusCode: 412,
      s3: { code: 'PreconditionFailed' },
      retryable: false,
    });
    expect((await stored.content('once')).toString()).toBe('first');
  });

  test(`\`if-none-match\` ${conditionOfParts ? 'holds' : 'is passed over'} for a file in parts`, async () => {
    const { endpoint, credentials, stored } = server();
    const uploads = s3Put(endpoint, { credentials, ...inParts });
    await uploads.putBuffer(Buffer.from('first'), 'parts');
    const put = uploads.put(await temporaryFile(someBytes(6 * MiB)), 'parts', { 'if-none-match': '*' });
    const outcome = await put.then(
      ({ statusCode }) => statusCode,
      ({ operation, statusCode }: S3PutError) => [operation, statusCode],
    );
    expect(outcome).toEqual(conditionOfParts ? ['CompleteMultipartUpload', 412] : 200);
    expect((await stored.head('parts')).ContentLength).toBe(conditionOfParts ? 'first'.length : 6 * MiB);
    expect(await stored.uploads('parts')).toBe(0);
  });

  test('a Content-MD5 that is not that of the file is refused, and nothing is stored', async () => {
    const { endpoint, credentials, stored } = server();
    const put = s3Put(endpoint, { credentials }).put(await temporaryFile('small'), 'other-md5', {
      'content-md5': Buffer.alloc(16).toString('base64'),
    });
    expect(await failureOf(put)).toMatchObject({ code: 'ES3', statusCode: 400, s3: { code: 'BadDigest' } });
    await expect(stored.head('other-md5')).rejects.toMatchObject({ name: 'NotFound' });
  });

  test(`a CRC32 that is not that of the file is ${checksums ? 'refused' : 'passed over, which is told'}`, async () => {
    const { endpoint, credentials } = server();
    const uploads = s3Put(endpoint, { credentials, verifyETag: true });
    const other = { 'x-amz-checksum-crc32': 'AAAAAA==' };
    const outcome = await uploads.put(await temporaryFile('small'), 'other-crc32', other).then(
      ({ verified }) => verified,
      ({ code, statusCode }: S3PutError) => [code, statusCode],
    );
    expect(outcome).toEqual(checksums ? ['ES3', 400] : { checksum: false, etag: true });
  });

  test('a put that is aborted in the middle leaves neither object nor upload', async () => {
    const { endpoint, credentials, stored } = server();
    const path = await temporaryFile('');
    await truncate(path, 2048 * MiB); // Takes no space, and so long to send that the middle cannot be missed.
    const controller = new AbortController();
    const put = s3Put(endpoint, { credentials, ...inParts }).put(path, 'aborted', {}, controller);
    const failing = failureOf(put);
    await waitUntil(() => stored.uploads('aborted'), { what: 'the upload to begin' });
    controller.abort();
    const error = await failing;
    expect(error).toMatchObject({ code: 'EABORTED', source: 'caller' });
    expect(error.uploadId).toBeUndefined();
    expect(await stored.uploads('aborted')).toBe(0);
    await expect(stored.head('aborted')).rejects.toMatchObject({ name: 'NotFound' });
  });
}
