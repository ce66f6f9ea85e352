import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { answerAfterBody, s3Error, store } from './support/scripted-server.ts';
import { completed, created, etagOf, scriptedUploads } from './support/scripted-uploads.ts';
import type { UploadScenes } from './support/scripted-uploads.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };
const content = someBytes(11 * MiB + 1);

const crc32Of = (...bytes: Uint8Array[]): Buffer => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(bytes.reduce((crc, piece) => crc32(piece, crc), 0));
  return four;
};

const pieces = [
  content.subarray(0, 5 * MiB),
  content.subarray(5 * MiB, 10 * MiB),
  content.subarray(10 * MiB),
];
const composite = `${crc32Of(...pieces.map((piece) => crc32Of(piece))).toString('base64')}-3`;
const full = crc32Of(content).toString('base64');
const fullObject = { 'x-amz-checksum-type': 'FULL_OBJECT' };

test.each([
  ['says nothing of types', {}, composite],
  ['has composite checksums only', { 'x-amz-checksum-type': 'COMPOSITE' }, composite],
  ['has checksums of the whole', fullObject, full],
])('A server that %s gets the checksum that it knows', async (_, answer, checksum) => {
  const server = await scriptedUploads({
    create: created(answer),
    complete: completed(`<ChecksumCRC32>${checksum}</ChecksumCRC32>`),
  });
  const stored = await s3Put(server.endpoint, inParts).put(await temporaryFile(content), 'film');
  expect(stored).toMatchObject({ checksum, attempts: 1, verified: { checksum: true, etag: true } });
  expect(server.of('create')[0]?.headers).toMatchObject({
    'x-amz-checksum-algorithm': 'CRC32',
    'x-amz-checksum-type': 'FULL_OBJECT',
  });
  const [complete] = server.of('complete');
  expect(complete?.headers['x-amz-checksum-crc32']).toBe(checksum === full ? full : undefined);
  expect(complete?.body.toString()).toContain(
    `<ChecksumCRC32>${crc32Of(pieces[0] as Buffer).toString('base64')}`,
  );
});

test.each(['NotImplemented', 'InvalidArgument', 'InvalidRequest'])(
  'A server that refuses checksums of the whole with %s is asked for them once',
  async (code) => {
    const scenes: UploadScenes = {
      create: (request, response, received) =>
        (request.headers['x-amz-checksum-type'] === undefined
          ? created()
          : answerAfterBody(code === 'NotImplemented' ? 501 : 400, {}, s3Error(code)))(
          request,
          response,
          received,
        ),
    };
    const server = await scriptedUploads(scenes);
    const uploads = s3Put(server.endpoint, inParts);
    const path = await temporaryFile(content);
    expect(await uploads.put(path, 'one')).toMatchObject({ checksum: composite });
    await uploads.put(path, 'two');
    expect(server.of('create').map(({ headers }) => headers['x-amz-checksum-type'])).toEqual([
      'FULL_OBJECT',
      undefined,
      undefined,
    ]);
  },
);

test('What is refused for something else is refused, and checksums of the whole are asked for again', async () => {
  const server = await scriptedUploads({ create: answerAfterBody(400, {}, s3Error('InvalidArgument')) });
  const uploads = s3Put(server.endpoint, inParts);
  const path = await temporaryFile(content);
  for (const key of ['one', 'two']) {
    expect(await failureOf(uploads.put(path, key))).toMatchObject({ operation: 'CreateMultipartUpload' });
  }
  expect(server.of('create').map(({ headers }) => headers['x-amz-checksum-type'])).toEqual([
    'FULL_OBJECT',
    undefined,
    'FULL_OBJECT',
    undefined,
  ]);
  expect(server.count('part')).toBe(0);
});

test.each([
  ['checksum of the whole', fullObject, '<ChecksumCRC32>AAAAAA==</ChecksumCRC32>'],
  ['composite checksum', {}, `<ChecksumCRC32>${full}</ChecksumCRC32>`],
])('A wrong %s at the end is an error', async (_, answer, elements) => {
  const server = await scriptedUploads({ create: created(answer), complete: completed(elements) });
  const error = await failureOf(s3Put(server.endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({ code: 'EINTEGRITY', operation: 'CompleteMultipartUpload', retryable: false });
  expect(server.count('abort')).toBe(1);
});

test.each<[string, ((etag: string) => string) | undefined, object]>([
  ['no result', undefined, { code: 'EPROXY' }],
  [
    'a wrong ETag',
    (etag: string) => `<ETag>${etag.replace(/[0-9a-f]{4}/, '0000')}</ETag>`,
    { code: 'EINTEGRITY' },
  ],
  [
    'a wrong number of parts',
    (etag: string) => `<ETag>${etag.replace('-3', '-2')}</ETag>`,
    { code: 'EINTEGRITY' },
  ],
])('%s at the end is an error', async (_, etag, expected) => {
  const server = await scriptedUploads({
    complete: async (request, response, received) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      received.body = Buffer.concat(chunks);
      const result = `<CompleteMultipartUploadResult>${etag?.(etagOf(received))}</CompleteMultipartUploadResult>`;
      response.end(etag === undefined ? '<html>Welcome</html>' : result);
    },
  });
  const error = await failureOf(s3Put(server.endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({ ...expected, operation: 'CompleteMultipartUpload' });
});

test.each([
  ['a wrong checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }, { code: 'EINTEGRITY' }],
  [
    'a wrong ETag and no checksum',
    { 'x-amz-checksum-crc32': '', etag: `"${'0'.repeat(32)}"` },
    { code: 'EINTEGRITY' },
  ],
  ['no ETag', { etag: '' }, { code: 'EPROXY' }],
])('%s of a part is an error', async (_, answer, expected) => {
  const server = await scriptedUploads({ part: store(answer) });
  const error = await failureOf(s3Put(server.endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({ ...expected, operation: 'UploadPart' });
  expect(server.count('complete')).toBe(0);
  expect(server.count('abort')).toBe(1);
});

test('An algorithm that has no checksums of the whole in parts is not asked for one', async () => {
  const server = await scriptedUploads({});
  const uploads = s3Put(server.endpoint, { ...inParts, checksumAlgorithm: 'SHA256' });
  const stored = await uploads.put(await temporaryFile(content), 'film');
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
  expect(stored.checksum).toBe(`${sha256(Buffer.concat(pieces.map(sha256))).toString('base64')}-3`);
  expect(server.of('create')[0]?.headers).not.toHaveProperty('x-amz-checksum-type');
});
