import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';
import { begin, partBytes, target } from './support/upload.ts';

test('parts become one object, in the order of their numbers, with the ETag of ETags', async () => {
  const client = startClient(await startServer());
  const { upload, part, complete } = await begin(client, { ContentType: 'image/png', Metadata: { a: 'b' } });
  const [first, second] = [randomBytes(partBytes), randomBytes(1000)];
  await part(7, randomBytes(100));
  const parts = [await part(2, first), await part(7, second)];
  const completed = await complete(parts);
  const md5s = [first, second].map((bytes) => createHash('md5').update(bytes).digest());
  const etag = `"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-2"`;
  expect(completed).toMatchObject({ Bucket: bucket, Key: target.Key, ETag: etag });

  const got = await client.send(new GetObjectCommand(target));
  expect(got).toMatchObject({ ETag: etag, ContentType: 'image/png', Metadata: { a: 'b' } });
  const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(Buffer.concat([first, second]))).toBe(true);
  await expect(complete(parts)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  await expect(client.send(new ListPartsCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

test('a full-object CRC32 is of all bytes, and is held against the one that is promised', async () => {
  const client = startClient(await startServer());
  const { part, complete } = await begin(client, { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const bodies = [randomBytes(partBytes), randomBytes(1000)];
  const parts = [await part(1, bodies[0] ?? Buffer.alloc(0)), await part(2, bodies[1] ?? Buffer.alloc(0))];
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(Buffer.concat(bodies)));
  await expect(complete(parts, { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({ name: 'BadDigest' });
  await expect(complete(parts, { MpuObjectSize: 5 })).rejects.toMatchObject({ name: 'InvalidRequest' });
  const completed = await complete(parts, {
    ChecksumCRC32: value.toString('base64'),
    MpuObjectSize: partBytes + 1000,
  });
  expect(completed).toMatchObject({ ChecksumCRC32: value.toString('base64'), ChecksumType: 'FULL_OBJECT' });
});

test('a composite CRC32 is the checksum of checksums, and needs one from each part', async () => {
  const client = startClient(await startServer());
  const { part, complete } = await begin(client, { ChecksumAlgorithm: 'CRC32' });
  const parts = [await part(1, randomBytes(partBytes)), await part(2, randomBytes(10))];
  const checksums = parts.map(({ ChecksumCRC32 = '' }) => Buffer.from(ChecksumCRC32, 'base64'));
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(Buffer.concat(checksums)));
  const bare = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
  await expect(complete(bare)).rejects.toMatchObject({ name: 'InvalidRequest' });
  await expect(part(3, randomBytes(10), { ChecksumAlgorithm: 'SHA256' })).rejects.toMatchObject({
    name: 'InvalidRequest',
  });
  const completed = await complete(parts);
  expect(completed).toMatchObject({
    ChecksumCRC32: `${value.toString('base64')}-2`,
    ChecksumType: 'COMPOSITE',
  });
});

test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
  'a full-object %s follows from those of the parts, whether or not they came with one',
  async (ChecksumAlgorithm) => {
    const { port, ...server } = await startServer();
    const client = startClient(server);
    const { upload, complete } = await begin(client, { ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' });
    const bodies = [randomBytes(partBytes), randomBytes(partBytes + 1), randomBytes(1000)];
    const parts: CompletedPart[] = [];
    for (const [index, body] of bodies.entries()) {
      const path = `/${bucket}/big%20file?partNumber=${index + 1}&uploadId=${upload.UploadId}`;
      const sent = await sendSigned(port, { method: 'PUT', path, body });
      expect(sent.headers[`x-amz-checksum-${ChecksumAlgorithm.toLowerCase()}`]).toBeTypeOf('string');
      parts.push({ PartNumber: index + 1, ETag: sent.headers.etag });
    }
    const completed = await complete(parts);
    // What the server computes of all bytes at once, for another object.
    const whole = await client.send(
      new CopyObjectCommand({ ...target, Key: 'copy', CopySource: `${bucket}/big%20file` }),
    );
    const name = `Checksum${ChecksumAlgorithm}` as const;
    expect(completed.ChecksumType).toBe('FULL_OBJECT');
    expect(completed[name]).toBe(whole.CopyObjectResult?.[name]);
    const put = new PutObjectCommand({
      ...target,
      Key: 'put',
      Body: Buffer.concat(bodies),
      ChecksumAlgorithm,
    });
    expect((await client.send(put))[name]).toBe(completed[name]);
  },
);

test('a list of parts that does not fit what was uploaded is refused, and the upload goes on', async () => {
  const client = startClient(await startServer());
  const { part, complete } = await begin(client);
  const small = await part(1, randomBytes(100));
  const large = await part(2, randomBytes(partBytes));
  const last = await part(3, randomBytes(10));
  await expect(complete([small, large])).rejects.toMatchObject({ name: 'EntityTooSmall', PartNumber: '1' });
  await expect(complete([last, large])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  await expect(complete([large, large])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
  await expect(complete([large, { PartNumber: 4, ETag: '"x"' }])).rejects.toMatchObject({
    name: 'InvalidPart',
  });
  await expect(complete([{ ...large, ETag: small.ETag }])).rejects.toMatchObject({ name: 'InvalidPart' });
  await expect(complete([])).rejects.toMatchObject({ name: 'MalformedXML' });
  await complete([large, last]);
});

test('completing honours If-None-Match, and keeps the upload where it fails', async () => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ ...target, Body: 'there' }));
  const { upload, part, complete } = await begin(client);
  const parts = [await part(1, randomBytes(10))];
  await expect(complete(parts, { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  const { Parts } = await client.send(new ListPartsCommand(upload));
  expect(Parts).toHaveLength(1);
  await complete(parts);
});

test('an aborted upload is gone, with what is still being sent to it', async () => {
  const client = startClient(await startServer());
  const { upload, part, complete } = await begin(client);
  const parts = [await part(1, randomBytes(10))];
  await client.send(new AbortMultipartUploadCommand(upload));
  await expect(part(2, randomBytes(10))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  await expect(complete(parts)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  await expect(client.send(new AbortMultipartUploadCommand(upload))).rejects.toMatchObject({
    name: 'NoSuchUpload',
  });
  await expect(client.send(new HeadObjectCommand(target))).rejects.toMatchObject({ name: 'NotFound' });
});

test('parts are listed page by page', async () => {
  const client = startClient(await startServer());
  const { upload, part } = await begin(client, { ChecksumAlgorithm: 'CRC32' });
  for (const number of [10, 9, 2]) await part(number, randomBytes(number));
  const first = await client.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
  expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '9', ChecksumAlgorithm: 'CRC32' });
  expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [2, 2],
    [9, 9],
  ]);
  expect(first.Parts?.[0]?.ChecksumCRC32).toBeTypeOf('string');
  const rest = await client.send(
    new ListPartsCommand({ ...upload, MaxParts: 2, PartNumberMarker: first.NextPartNumberMarker }),
  );
  expect(rest.IsTruncated).toBe(false);
  expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([10]);
});

test('uploads are listed page by page, also where they share a key', async () => {
  const client = startClient(await startServer());
  const keys = ['a/1', 'b', 'b', 'b', 'c/1', 'c/2'];
  const ids: (string | undefined)[] = [];
  for (const Key of keys) ids.push((await begin(client, { Key })).upload.UploadId);
  const seen: [string?, string?][] = [];
  let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (let more = true; more;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, MaxUploads: 2, ...markers }),
    );
    seen.push(...(page.Uploads ?? []).map(({ Key, UploadId }): [string?, string?] => [Key, UploadId]));
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    more = page.IsTruncated ?? false;
  }
  expect(seen.map(([key]) => key)).toEqual(keys);
  expect(new Set(seen.map(([, id]) => id))).toEqual(new Set(ids));
  const rolledUp = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Delimiter: '/' }));
  expect(rolledUp.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['a/', 'c/']);
});

test('numbers, ids and algorithms that cannot be are refused', async () => {
  const { port, ...server } = await startServer();
  const client = startClient(server);
  const { upload } = await begin(client, { Key: 'k' });
  const codeFor = async (method: string, path: string, headers = {}, body?: string) =>
    codeOf(
      await sendSigned(port, {
        method,
        path: `/${bucket}/${path}`,
        headers,
        ...(body !== undefined && { body }),
      }),
    );
  for (const number of ['0', '10001', 'one', '']) {
    expect(await codeFor('PUT', `k?partNumber=${number}&uploadId=${upload.UploadId}`, {}, 'x')).toBe(
      'InvalidArgument',
    );
  }
  expect(await codeFor('PUT', `other?partNumber=1&uploadId=${upload.UploadId}`, {}, 'x')).toBe(
    'NoSuchUpload',
  );
  expect(await codeFor('PUT', 'k?partNumber=1&uploadId=..%2F..', {}, 'x')).toBe('NoSuchUpload');
  expect(await codeFor('POST', `k?uploadId=${upload.UploadId}`, {}, '<Wrong/>')).toBe('MalformedXML');
  expect(await codeFor('POST', `k?uploadId=${upload.UploadId}`, {}, '<!DOCTYPE x><x/>')).toBe('MalformedXML');
  expect(await codeFor('POST', 'k?uploads=', { 'x-amz-checksum-algorithm': 'MD5' })).toBe('InvalidRequest');
  const mixed = { 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-type': 'FULL_OBJECT' };
  expect(await codeFor('POST', 'k?uploads=', mixed)).toBe('InvalidRequest');
});
