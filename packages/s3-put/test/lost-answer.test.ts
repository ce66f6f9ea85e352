import { createHash } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import type { LocalS3 } from './support/s3-local.ts';
import { answerAfterBody, s3Error, scripted } from './support/scripted-server.ts';
import { scriptedUploads } from './support/scripted-uploads.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

/** The next answer to a request with this method is made, and then reset instead of sent. */
function loseAnswer({ server }: LocalS3, method: string, of = ''): void {
  const lose = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method !== method || !request.url?.includes(of)) return;
    for (const asked of ['request', 'checkContinue']) server.off(asked, lose);
    response.writeHead = () => {
      request.socket.resetAndDestroy();
      return response;
    };
  };
  for (const asked of ['request', 'checkContinue']) server.prependListener(asked, lose);
}

const anyObject = { 'if-none-match': '*' };

describe('A put whose answer is lost', () => {
  test.each([5, MiB + 3, 3 * MiB])('of %i bytes under a condition is found to be stored', async (size) => {
    const s3 = await localS3();
    const content = someBytes(size);
    loseAnswer(s3, 'PUT');
    const stored = await s3Put(s3.endpoint).put(await temporaryFile(content), 'key', anyObject);
    expect(stored).toMatchObject({ statusCode: 200, bytes: size, verified: { checksum: true } });
    expect(stored.etag).toBe(createHash('md5').update(content).digest('hex'));
    expect(s3.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'HEAD']);
    expect((await s3.content('key')).equals(content)).toBe(true);
  });

  test('over the object with the ETag that it asked for is found to be stored', async () => {
    const s3 = await localS3();
    const uploads = s3Put(s3.endpoint);
    const { etag } = await uploads.putBuffer(Buffer.from('old'), 'key');
    loseAnswer(s3, 'PUT');
    await uploads.putBuffer(Buffer.from('new'), 'key', { 'if-match': `"${etag}"` });
    expect((await s3.content('key')).toString()).toBe('new');
  });

  test('in parts is found to be stored, with a condition and without', async () => {
    const s3 = await localS3();
    const uploads = s3Put(s3.endpoint, { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB });
    const path = await temporaryFile(someBytes(11 * MiB));
    for (const [key, headers] of [
      ['one', {}],
      ['two', anyObject],
    ] as const) {
      loseAnswer(s3, 'POST', 'uploadId=');
      expect(await uploads.put(path, key, headers)).toMatchObject({
        statusCode: 200,
        verified: { checksum: true },
      });
    }
    expect(await s3.uploadsLeft()).toBe(0);
  });

  test('in parts, with a key of yours, is looked for with that key', async () => {
    const key = { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' };
    const server = await scriptedUploads({
      complete: async (request, response, received) => {
        if (server.count('complete') > 1)
          return answerAfterBody(404, {}, s3Error('NoSuchUpload'))(request, response, received);
        request.resume().once('end', () => request.socket.resetAndDestroy());
      },
    });
    const uploads = s3Put(server.endpoint, { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB });
    const headers = { ...key, ...anyObject, 'x-amz-expected-bucket-owner': '1234' };
    const error = await failureOf(uploads.put(await temporaryFile(someBytes(6 * MiB)), 'film', headers));
    expect(error).toMatchObject({ s3: { code: 'NoSuchUpload' } });
    const [head] = server.of('head');
    expect(head?.headers).toMatchObject({ ...key, 'x-amz-expected-bucket-owner': '1234' });
    expect(head?.headers).not.toHaveProperty('if-none-match');
  });
});

describe('A condition that is not met stands', () => {
  test('when nothing was sent before', async () => {
    const s3 = await localS3();
    const uploads = s3Put(s3.endpoint);
    await uploads.putBuffer(Buffer.from('same'), 'key');
    const error = await failureOf(uploads.putBuffer(Buffer.from('same'), 'key', anyObject));
    expect(error).toMatchObject({ statusCode: 412, s3: { code: 'PreconditionFailed' } });
    expect(s3.requests.at(-1)?.method).toBe('PUT');
  });

  test('when the object is somebody else’s', async () => {
    const s3 = await localS3();
    const { Body, ...theirs } = { Bucket: 'bucket', Key: 'key', Body: 'their' };
    await s3.client.send(new PutObjectCommand({ ...theirs, Body }));
    s3.faults.next({ method: 'PUT', resetAfterBytes: 5 });
    const error = await failureOf(s3Put(s3.endpoint).putBuffer(Buffer.from('our 5'), 'key', anyObject));
    expect(error).toMatchObject({ statusCode: 412 });
    expect((await s3.content('key')).toString()).toBe('their');
  });

  test('when the connection broke before the body was out', async () => {
    const s3 = await localS3();
    const content = someBytes(9 * MiB);
    await s3Put(s3.endpoint).putBuffer(content, 'key');
    // Refused at once by a server that says nothing, before a byte of the body.
    s3.faults.next({ method: 'PUT', resetAfterBytes: 0, withholdContinue: true });
    const error = await failureOf(s3Put(s3.endpoint).putBuffer(content, 'key', anyObject));
    expect(error).toMatchObject({ statusCode: 412 });
    expect(error.history[0]).toMatchObject({ code: 'ENETWORK' });
  });

  test('of an empty object, which may be a lock', async () => {
    const s3 = await localS3();
    const uploads = s3Put(s3.endpoint);
    await uploads.putBuffer(Buffer.alloc(0), 'lock');
    s3.faults.next({ method: 'PUT', resetAfterBytes: 0 });
    const error = await failureOf(uploads.putBuffer(Buffer.alloc(0), 'lock', anyObject));
    expect(error).toMatchObject({ statusCode: 412 });
  });

  test('when S3 itself said that it failed before', async () => {
    const server = await scripted(
      answerAfterBody(503, {}, s3Error('SlowDown')),
      answerAfterBody(412, {}, s3Error('PreconditionFailed')),
    );
    const error = await failureOf(s3Put(server.endpoint).putBuffer(Buffer.from('ours'), 'key', anyObject));
    expect(error).toMatchObject({ statusCode: 412, history: [{ statusCode: 503 }, { statusCode: 412 }] });
    expect(server.received).toHaveLength(2);
  });

  test('when nobody may look', async () => {
    const s3 = await localS3();
    loseAnswer(s3, 'PUT');
    s3.faults.next({ method: 'HEAD', status: 403, code: 'AccessDenied' });
    const error = await failureOf(s3Put(s3.endpoint).putBuffer(Buffer.from('ours'), 'key', anyObject));
    expect(error).toMatchObject({ statusCode: 412, operation: 'PutObject' });
    expect(error.history).toHaveLength(2);
  });
});

test('A lost answer to what completes is no success when the object is not the one that was sent', async () => {
  const server = await scriptedUploads({
    complete: (request, response, received) =>
      server.count('complete') > 1
        ? answerAfterBody(404, {}, s3Error('NoSuchUpload'))(request, response, received)
        : void request.resume().once('end', () => request.socket.resetAndDestroy()),
    head: answerAfterBody(200, { etag: `"${'0'.repeat(32)}-2"` }),
  });
  const uploads = s3Put(server.endpoint, { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB });
  const error = await failureOf(uploads.put(await temporaryFile(someBytes(6 * MiB)), 'film'));
  expect(error).toMatchObject({ s3: { code: 'NoSuchUpload' } });
  expect(server.count('head')).toBe(1);
});
