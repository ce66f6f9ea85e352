import { waitUntil } from '@silly-face/testing';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { scripted, store } from './support/scripted-server.ts';
import type { Received } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

/** A server that stores, and how much of all bodies it has seen by when. */
async function watched(): Promise<{
  endpoint: string;
  seen: { at: number; bytes: number }[];
  received: Received[];
}> {
  const seen: { at: number; bytes: number }[] = [];
  let bytes = 0;
  const storing = store();
  const server = await scripted((request: IncomingMessage, response: ServerResponse, received: Received) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      seen.push({ at: performance.now(), bytes });
    });
    return storing(request, response, received);
  });
  return { ...server, seen };
}

test('A limit holds for all puts of an S3Put together', async () => {
  const server = await watched();
  const maxBytesPerSecond = 4 * MiB;
  const uploads = s3Put(server.endpoint, { maxBytesPerSecond });
  const content = someBytes(MiB);
  const path = await temporaryFile(someBytes(2 * MiB));
  const startedAt = performance.now();
  await Promise.all([
    ...['one', 'two'].map((key) => uploads.putBuffer(content, key)),
    uploads.put(path, 'three'),
    uploads.putStream(
      (async function* () {
        yield content;
      })(),
      'four',
    ),
  ]);
  expect(server.received.every(({ body }) => body.length >= MiB)).toBe(true);
  // Of each of the four a tenth of a second's worth may be under way.
  const slack = maxBytesPerSecond / 2;
  for (const { at, bytes } of server.seen) {
    expect(bytes).toBeLessThanOrEqual((maxBytesPerSecond * (at - startedAt)) / 1000 + slack);
  }
});

test('Parts are limited, too, and arrive as they are', async () => {
  const s3 = await localS3();
  const maxBytesPerSecond = 16 * MiB;
  const uploads = s3Put(s3.endpoint, { maxBytesPerSecond, multipartFromBytes: 5 * MiB, partBytes: 5 * MiB });
  const content = someBytes(17 * MiB);
  const startedAt = performance.now();
  await uploads.put(await temporaryFile(content), 'film');
  // A clock that is read twice may be off by a timer's grain.
  expect(performance.now() - startedAt).toBeGreaterThan(900);
  expect((await s3.content('film')).equals(content)).toBe(true);
});

test('What waits for its turn is not idle', async () => {
  const server = await watched();
  // Each of ten gets a slice only every second.
  const uploads = s3Put(server.endpoint, { maxBytesPerSecond: 10_240, idleTimeoutMs: 300 });
  const content = someBytes(2 * 1024);
  const puts = Array.from({ length: 10 }, (_, index) => uploads.putBuffer(content, `key-${index}`));
  const stored = await Promise.all(puts);
  expect(stored.map(({ attempts }) => attempts)).toEqual(puts.map(() => 1));
});

test('Aborting ends the wait at once, and what comes after is not held up by it', async () => {
  const server = await watched();
  const uploads = s3Put(server.endpoint, { maxBytesPerSecond: 1024 });
  const controller = new AbortController();
  const slow = failureOf(uploads.putBuffer(someBytes(64 * 1024), 'slow', {}, { signal: controller.signal }));
  await waitUntil(() => server.seen.length > 0, { what: 'its first bytes' });
  controller.abort();
  expect(await slow).toMatchObject({ code: 'EABORTED' });
  expect(await uploads.putBuffer(Buffer.from('quick'), 'quick')).toMatchObject({ attempts: 1 });
});

test('A reset while it waits is tried again', async () => {
  const storing = store();
  const server = await scripted(
    (request) => void request.once('data', () => request.socket.resetAndDestroy()),
    storing,
  );
  const uploads = s3Put(server.endpoint, { maxBytesPerSecond: 64 * 1024 });
  const content = someBytes(32 * 1024);
  expect(await uploads.putBuffer(content, 'key')).toMatchObject({ attempts: 2 });
  expect(server.received[1]?.body.equals(content)).toBe(true);
});
