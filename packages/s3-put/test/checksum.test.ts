import { createHash } from 'node:crypto';
import { truncateSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { localS3, partsIn } from './support/s3-local.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };

test.each([
  // The check values of the CRC catalogue, and FIPS 180's.
  ['CRC32', '123456789', Buffer.from('cbf43926', 'hex')],
  ['CRC32C', '123456789', Buffer.from('e3069283', 'hex')],
  ['CRC32C', '', Buffer.alloc(4)],
  ['CRC32C', '\0'.repeat(32), Buffer.from('8a9136aa', 'hex')],
  ['SHA256', 'abc', Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex')],
] as const)('The %s of %j is the known one, and S3 keeps it', async (checksumAlgorithm, text, expected) => {
  const s3 = await localS3();
  const stored = await s3Put(s3.endpoint, { checksumAlgorithm }).putBuffer(Buffer.from(text), 'key');
  expect(stored).toMatchObject({ checksum: expected.toString('base64'), verified: { checksum: true } });
  expect(await s3.head('key')).toMatchObject({ [`Checksum${checksumAlgorithm}`]: stored.checksum });
});

const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

test.each(['CRC32', 'CRC32C', 'SHA256'] as const)(
  '%s and Content-MD5 go along with bodies of any size, and are what S3 finds',
  async (checksumAlgorithm) => {
    const s3 = await localS3();
    const uploads = s3Put(s3.endpoint, { checksumAlgorithm, contentMD5: true });
    // Hashed here, at once; here, or in a thread, at the border of the two; in threads, piece by piece.
    for (const size of [0, 1, 512 * 1024 - 1, 512 * 1024, MiB + 1, 5 * MiB + 7]) {
      const content = someBytes(size);
      const stored = await uploads.put(await temporaryFile(content), 'key');
      expect(stored.verified).toEqual({ checksum: true, etag: true });
      expect(await s3.head('key')).toMatchObject({ [`Checksum${checksumAlgorithm}`]: stored.checksum });
      expect(s3.requests.findLast(({ method }) => method === 'PUT')?.headers['content-md5']).toBe(
        md5Of(content),
      );
    }
    const buffer = someBytes(3 * MiB);
    expect(await uploads.putBuffer(buffer.subarray(7), 'key')).toMatchObject({ verified: { etag: true } });
  },
);

test.each(['CRC32', 'CRC32C', 'SHA256'] as const)(
  '%s and Content-MD5 go along with each part',
  async (checksumAlgorithm) => {
    const s3 = await localS3();
    const content = someBytes(13 * MiB + 5);
    const uploads = s3Put(s3.endpoint, { ...inParts, checksumAlgorithm, contentMD5: true });
    const stored = await uploads.put(await temporaryFile(content), 'key');
    expect(stored.verified).toEqual({ checksum: true, etag: true });
    const parts = partsIn(s3.requests);
    expect(parts).toHaveLength(3);
    const header = `x-amz-checksum-${checksumAlgorithm.toLowerCase()}`;
    expect(parts.every(({ headers }) => headers['content-md5'] && headers[header])).toBe(true);
    const head = await s3.head('key');
    expect(head).toMatchObject({ [`Checksum${checksumAlgorithm}`]: stored.checksum });
    expect(head.ChecksumType).toBe(checksumAlgorithm === 'SHA256' ? 'COMPOSITE' : 'FULL_OBJECT');
    // What a single PUT of the same bytes has: the combination of the parts' CRCs is the CRC of the whole.
    const whole = await s3Put(s3.endpoint, { checksumAlgorithm }).putBuffer(content, 'whole');
    expect(stored.checksum === whole.checksum).toBe(checksumAlgorithm !== 'SHA256');
  },
);

test.each(['CRC32', 'SHA256'] as const)(
  'Parts of files and bytes that are hashed together have the %s and the MD5 of their own',
  async (checksumAlgorithm) => {
    const s3 = await localS3();
    const uploads = s3Put(s3.endpoint, { ...inParts, checksumAlgorithm, contentMD5: true });
    const content = someBytes(47 * MiB + 5);
    const path = await temporaryFile(content);
    const buffers = [3, 4, 5].map((index) => someBytes(index * 999_999));
    const all = await Promise.all([
      uploads.put(path, 'film'),
      uploads.put(path, 'copy'),
      uploads.putStream(Readable.from([content]), 'stream'),
      ...buffers.map((buffer, index) => uploads.putBuffer(buffer, `buffer-${index}`)),
    ]);
    for (const { verified } of all) expect(verified).toEqual({ checksum: true, etag: true });
    for (const key of ['film', 'copy', 'stream']) {
      const parts = partsIn(s3.requests).filter(({ url }) => url.includes(`/${key}?`));
      expect(parts).toHaveLength(10);
      for (const { url, headers } of parts) {
        const start = (Number(/partNumber=(\d+)/.exec(url)?.[1]) - 1) * 5 * MiB;
        expect(headers['content-md5']).toBe(md5Of(content.subarray(start, start + 5 * MiB)));
      }
    }
  },
);

test('A file that ends while others are hashed with it fails alone', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, { ...inParts, contentMD5: true });
  const content = someBytes(47 * MiB + 5);
  const [path, other] = [await temporaryFile(content), await temporaryFile(content)];
  s3.server.on('request', ({ url }: IncomingMessage) => {
    if (url?.startsWith('/bucket/film?uploads')) truncateSync(path, 12 * MiB);
  });
  const [error, stored] = await Promise.all([
    failureOf(uploads.put(path, 'film')),
    uploads.put(other, 'other'),
  ]);
  expect(error).toMatchObject({ code: 'EFILECHANGED', source: 'file' });
  expect(stored.verified).toEqual({ checksum: true, etag: true });
});

test('An MD5 of yours goes along as it is, and is held against the body', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint, { contentMD5: true });
  const content = someBytes(MiB);
  await uploads.putBuffer(content, 'key', { 'content-md5': md5Of(content) });
  const error = await failureOf(
    uploads.putBuffer(content, 'key', { 'Content-MD5': md5Of(Buffer.from('other')) }),
  );
  expect(error).toMatchObject({ s3: { code: 'BadDigest' } });
});

test('Bytes that are changed while they are sent are refused', async () => {
  const s3 = await localS3();
  const content = someBytes(2 * MiB);
  const put = failureOf(s3Put(s3.endpoint).putBuffer(content, 'key'));
  // Its CRC is made before anything else happens.
  setImmediate(() => content.fill(0));
  expect(await put).toMatchObject({ code: 'ES3', statusCode: 400 });
});
