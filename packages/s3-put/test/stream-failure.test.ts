import { PassThrough, Readable } from 'node:stream';
import { waitUntil } from '@silly-face/testing';
import type { ByteStream } from '@silly-face/s3-put';
import { describe, expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { scriptedUploads } from './support/scripted-uploads.ts';
import { failureOf, MiB, s3Put, someBytes } from './support/uploads.ts';

const inParts = { partBytes: 5 * MiB };

/** Gives that many MiB, and then what `then` says. */
async function* after(mebibytes: number, then: () => unknown): AsyncGenerator<Uint8Array, void, void> {
  for (let given = 0; given < mebibytes; given += 1) yield someBytes(MiB);
  yield (await then()) as Uint8Array;
}

const fails = (): never => {
  throw new Error('the disk is gone');
};
const forever = (): Promise<never> => new Promise(() => undefined);

/** A web stream, and whether it was told that nobody reads on. */
function webStream(mebibytes: number, then: () => unknown): { stream: ByteStream; cancelled: () => boolean } {
  const chunks = after(mebibytes, then);
  let wasCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void (wasCancelled = true),
  });
  return { stream: stream, cancelled: () => wasCancelled };
}

describe.each([
  ['in its only part', 2],
  ['in mid-upload', 12],
])('A stream that goes wrong %s', (_, mebibytes) => {
  test('because it fails stores nothing, and its error is the cause', async () => {
    const s3 = await localS3();
    for (const stream of [
      Readable.from(after(mebibytes, fails)),
      after(mebibytes, fails),
      webStream(mebibytes, fails).stream,
    ]) {
      const error = await failureOf(s3Put(s3.endpoint, inParts).putStream(stream, 'film'));
      expect(error).toMatchObject({
        code: 'ESTREAM',
        source: 'caller',
        retryable: false,
        cause: { message: 'the disk is gone' },
      });
      expect(error.message).toContain('the stream failed: the disk is gone');
    }
    expect(await s3.uploadsLeft()).toBe(0);
    await expect(s3.head('film')).rejects.toMatchObject({ name: 'NotFound' });
  });

  test.each([
    ['text', 'some text', 'string'],
    ['numbers', 5, 'number'],
    ['an object', { length: 5 }, 'object'],
  ])('because it gives %s says so, and ends the stream', async (__, value, type) => {
    const s3 = await localS3();
    const stream = Readable.from(after(mebibytes, () => value));
    const error = await failureOf(s3Put(s3.endpoint, inParts).putStream(stream as ByteStream, 'film'));
    expect(error).toMatchObject({ code: 'ESTREAM' });
    expect(error.message).toContain(`the stream gave ${type} where bytes were expected`);
    expect(stream.destroyed).toBe(true);
    expect(await s3.uploadsLeft()).toBe(0);
  });

  test('because it stalls is EIDLETIMEOUT, and ended', async () => {
    const s3 = await localS3();
    const stream = Readable.from(after(mebibytes, forever));
    const web = webStream(mebibytes, forever);
    for (const one of [stream, web.stream, after(mebibytes, forever)]) {
      const error = await failureOf(
        s3Put(s3.endpoint, { ...inParts, idleTimeoutMs: 300 }).putStream(one, 'film'),
      );
      expect(error).toMatchObject({ code: 'EIDLETIMEOUT', source: 'caller', retryable: true });
      expect(error.message).toContain('the stream gave nothing for 300 ms');
    }
    expect(stream.destroyed).toBe(true);
    await waitUntil(() => web.cancelled(), { what: 'the web stream to be told' });
    expect(await s3.uploadsLeft()).toBe(0);
  });

  test('because it is aborted while it stalls is ended at once', async () => {
    const s3 = await localS3();
    const controller = new AbortController();
    const waits = (): Promise<never> => {
      setImmediate(() => controller.abort());
      return forever();
    };
    const web = webStream(mebibytes, waits);
    const put = s3Put(s3.endpoint, inParts).putStream(web.stream, 'film', {}, { signal: controller.signal });
    expect(await failureOf(put)).toMatchObject({ code: 'EABORTED' });
    await waitUntil(() => web.cancelled(), { what: 'the web stream to be told' });
    expect(await s3.uploadsLeft()).toBe(0);
  });

  test('because its maker destroys it is ESTREAM', async () => {
    const s3 = await localS3();
    let given = 0;
    const stream = new Readable({
      read() {
        given += 1;
        if (given > mebibytes) this.destroy();
        else this.push(someBytes(MiB));
      },
    });
    const error = await failureOf(s3Put(s3.endpoint, inParts).putStream(stream, 'film'));
    expect(error).toMatchObject({ code: 'ESTREAM', cause: { code: 'ERR_STREAM_PREMATURE_CLOSE' } });
    expect(await s3.uploadsLeft()).toBe(0);
  });
});

test('Aborting while a part is sent ends the stream and takes out the upload', async () => {
  const server = await scriptedUploads({ part: () => controller.abort() });
  const controller = new AbortController();
  const stream = Readable.from(after(50, forever));
  const put = s3Put(server.endpoint, inParts).putStream(stream, 'film', {}, { signal: controller.signal });
  expect(await failureOf(put)).toMatchObject({ code: 'EABORTED' });
  expect(stream.destroyed).toBe(true);
  expect(server.count('abort')).toBe(1);
});

test('A put that is refused before the stream is looked at ends the stream', async () => {
  const closed = s3Put('http://127.0.0.1:1');
  await closed.close();
  const uploads = s3Put('http://127.0.0.1:1');
  const streams = Array.from({ length: 4 }, () => new PassThrough());
  const web = webStream(1, forever);
  const [first, second, third, fourth] = streams as [PassThrough, PassThrough, PassThrough, PassThrough];
  await failureOf(uploads.putStream(first, ''));
  await failureOf(uploads.putStream(second, 'key', { host: 'evil' }));
  await failureOf(uploads.putStream(third, 'key', {}, { signal: AbortSignal.abort() }));
  await failureOf(closed.putStream(fourth, 'key'));
  await failureOf(uploads.putStream(web.stream, ''));
  expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true, true, true]);
  expect(web.cancelled()).toBe(true);
});

test('What is no stream is refused, and what somebody else reads is an error that says so', async () => {
  const uploads = s3Put('http://127.0.0.1:1');
  for (const one of [undefined, null, 'text', Buffer.from('bytes'), [Buffer.from('bytes')], {}]) {
    const error = await failureOf(uploads.putStream(one as ByteStream, 'key'));
    expect(error).toMatchObject({ code: 'EINVALID', source: 'caller' });
  }
  const locked = new ReadableStream();
  const reader = locked.getReader();
  expect(await failureOf(uploads.putStream(locked as unknown as ByteStream, 'key'))).toMatchObject({
    code: 'ESTREAM',
    cause: expect.any(TypeError),
  });
  await reader.cancel();
  const destroyed = new PassThrough().destroy();
  expect(await failureOf(uploads.putStream(destroyed, 'key'))).toMatchObject({ code: 'ESTREAM' });
});
