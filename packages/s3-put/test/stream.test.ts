import { Readable } from 'node:stream';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import type { ByteStream } from '@silly-face/s3-put';
import { createReadStream } from 'node:fs';
import { expect, test } from 'vitest';
import { localS3, partsIn } from './support/s3-local.ts';
import { scriptedUploads } from './support/scripted-uploads.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { partBytes: 5 * MiB };

/** In chunks that fit into nothing. */
async function* chunksOf(bytes: Uint8Array, chunkBytes = 700_001): AsyncGenerator<Uint8Array, void, void> {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes)
    yield bytes.subarray(start, start + chunkBytes);
}

const kinds: Record<string, (bytes: Uint8Array) => ByteStream> = {
  'A Readable': (bytes) => Readable.from(chunksOf(bytes)),
  'A web ReadableStream': (bytes) => Readable.toWeb(Readable.from(chunksOf(bytes))),
  'An async generator': (bytes) => chunksOf(bytes),
};

test.each(
  Object.keys(kinds).flatMap((kind) =>
    [
      [0, 0],
      [1, 0],
      [5 * MiB - 1, 0],
      [5 * MiB, 1],
      [5 * MiB + 1, 2],
      [23 * MiB + 7, 5],
    ].map(([size, parts]) => [kind, size, parts] as [string, number, number]),
  ),
)('%s of %i bytes arrives as it is, in %i parts', async (kind, size, parts) => {
  const s3 = await localS3();
  const content = someBytes(size);
  const stored = await s3Put(s3.endpoint, inParts).putStream(
    kinds[kind]?.(content) as ByteStream,
    'notes.txt',
    { 'x-amz-meta-who': 'me' },
  );
  expect(stored).toMatchObject({ bytes: size, attempts: 1, resumedBytes: 0, verified: { checksum: true } });
  expect(partsIn(s3.requests)).toHaveLength(parts);
  expect((await s3.content('notes.txt')).equals(content)).toBe(true);
  expect(await s3.head('notes.txt')).toMatchObject({
    ContentType: 'text/plain',
    Metadata: { who: 'me' },
    ChecksumCRC32: stored.checksum,
  });
});

test('A stream by the callback form, and one with a condition', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, inParts);
  const stored = await new Promise((resolve, reject) => {
    uploads.putStream(Readable.from([Buffer.from('small')]), 'key', (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
  expect(stored).toMatchObject({ bytes: 5 });
  const content = someBytes(6 * MiB);
  const error = await failureOf(uploads.putStream(chunksOf(content), 'key', { 'if-none-match': '*' }));
  expect(error).toMatchObject({ statusCode: 412 });
  expect(await s3.uploadsLeft()).toBe(0);
});

test('What a stream gave is sent again after a reset, in the middle of a part and of a whole', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, inParts);
  const content = someBytes(17 * MiB + 3);
  s3.faults.next({ method: 'PUT', resetAfterBytes: 2 * MiB, times: 2 });
  s3.faults.next({ method: 'PUT', status: 503, code: 'SlowDown', afterBody: true });
  expect(await uploads.putStream(chunksOf(content), 'film')).toMatchObject({ attempts: 4 });
  expect((await s3.content('film')).equals(content)).toBe(true);
  s3.faults.next({ method: 'PUT', resetAfterBytes: MiB });
  const short = content.subarray(0, 3 * MiB);
  expect(await uploads.putStream(chunksOf(short), 'short')).toMatchObject({ attempts: 2 });
  expect((await s3.content('short')).equals(short)).toBe(true);
});

test('Many streams at once keep their bytes apart', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, inParts);
  const contents = Array.from({ length: 12 }, (_, index) => someBytes(index * MiB + index));
  await Promise.all(contents.map((content, index) => uploads.putStream(chunksOf(content), `key-${index}`)));
  for (const [index, content] of contents.entries()) {
    expect((await s3.content(`key-${index}`)).equals(content)).toBe(true);
  }
});

test('A slow server stops the stream from being read: no more than the parts under way and one are ahead', async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      given += MiB;
      yield Buffer.alloc(MiB);
    }
  }
  const held: (() => void)[] = [];
  const server = await scriptedUploads({ part: () => new Promise<void>((resolve) => held.push(resolve)) });
  const controller = new AbortController();
  const uploads = s3Put(server.endpoint, { ...inParts, parallelParts: 3 });
  const put = failureOf(uploads.putStream(endless(), 'film', {}, { signal: controller.signal }));
  await waitUntil(() => server.count('part') === 3, { what: 'three parts' });
  const before = given;
  expect(before).toBeLessThanOrEqual(4 * 5 * MiB);
  // Time enough for a reader that does not stop.
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
  expect(given).toBe(before);
  controller.abort();
  for (const resolve of held) resolve();
  expect(await put).toMatchObject({ code: 'EABORTED' });
});

test('A stream that goes in parts cannot have a checksum of yours', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, inParts);
  const stream = Readable.from(chunksOf(someBytes(6 * MiB)));
  const error = await failureOf(uploads.putStream(stream, 'key', { 'x-amz-checksum-crc32': 'AAAAAA==' }));
  expect(error).toMatchObject({ code: 'ESTREAM', source: 'caller', history: [] });
  expect(stream.destroyed).toBe(true);
  expect(s3.requests).toHaveLength(0);
});

test('Fifty streams of files that fail in every way leave no descriptor', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, { ...inParts, maxConnections: 10 });
  const path = await temporaryFile(someBytes(6 * MiB));
  await uploads.putStream(createReadStream(path), 'key');
  s3.faults.next({ method: 'PUT', status: 403, code: 'AccessDenied', times: 1000 });
  const before = openDescriptors();
  const puts = Array.from({ length: 50 }, (_, index) => {
    const stream = createReadStream(index % 5 === 0 ? `${path}.missing` : path);
    const signal = AbortSignal.abort();
    if (index % 5 === 1) return uploads.putStream(stream, 'key', {}, { signal });
    return index % 5 === 2 ? uploads.putStream(stream, '') : uploads.putStream(stream, 'key');
  });
  const codes = new Set((await Promise.all(puts.map(failureOf))).map(({ code }) => code));
  expect([...codes].toSorted()).toEqual(['EABORTED', 'EINVALID', 'ES3', 'ESTREAM']);
  s3.faults.clear();
  expect(await s3.uploadsLeft()).toBe(0);
  s3.client.destroy();
  await uploads.close();
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});
