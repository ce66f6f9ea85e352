import { randomBytes } from 'node:crypto';
import {
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { bucket, startClient, startServer } from './support/server.ts';
import { begin, partBytes, target } from './support/upload.ts';

test('parts are copied out of objects and ranges of them', async () => {
  const client = startClient(await startServer());
  const body = randomBytes(partBytes + 2000);
  await client.send(new PutObjectCommand({ ...target, Key: 'source ü', Body: body }));
  const CopySource = `${bucket}/${encodeURIComponent('source ü')}`;
  const { upload, complete } = await begin(client, { ChecksumAlgorithm: 'SHA256' });
  const copy = async (PartNumber: number, options = {}): Promise<CompletedPart> => {
    const { CopyPartResult } = await client.send(
      new UploadPartCopyCommand({ ...upload, PartNumber, CopySource, ...options }),
    );
    return { PartNumber, ETag: CopyPartResult?.ETag, ChecksumSHA256: CopyPartResult?.ChecksumSHA256 };
  };
  const parts = [await copy(1), await copy(2, { CopySourceRange: 'bytes=10-19' })];
  for (const CopySourceRange of ['bytes=10-', 'bytes=5-4', `bytes=0-${body.length}`]) {
    await expect(copy(3, { CopySourceRange })).rejects.toMatchObject({ name: 'InvalidArgument' });
  }
  await expect(copy(3, { CopySourceIfMatch: '"other"' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
  await expect(copy(3, { CopySource: `${bucket}/none` })).rejects.toMatchObject({ name: 'NoSuchKey' });
  await complete(parts);
  const got = await client.send(new GetObjectCommand(target));
  const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(Buffer.concat([body, body.subarray(10, 20)]))).toBe(true);
});

test('an object is read part by part, and tells what it came in', async () => {
  const client = startClient(await startServer());
  const { part, complete } = await begin(client, { ChecksumAlgorithm: 'CRC32' });
  const bodies = [randomBytes(partBytes), randomBytes(1000)];
  const parts = [await part(3, bodies[0] ?? Buffer.alloc(0)), await part(5, bodies[1] ?? Buffer.alloc(0))];
  const completed = await complete(parts);
  const get = (PartNumber: number, more = {}) =>
    client.send(new GetObjectCommand({ ...target, PartNumber, ChecksumMode: 'ENABLED', ...more }));
  const second = await get(2);
  expect(second).toMatchObject({
    PartsCount: 2,
    ContentLength: 1000,
    ContentRange: `bytes ${partBytes}-${partBytes + 999}/${partBytes + 1000}`,
    ChecksumCRC32: parts[1]?.ChecksumCRC32,
  });
  expect(bodies[1]?.equals((await second.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(true);
  await expect(get(3)).rejects.toMatchObject({ name: 'InvalidPartNumber', ActualPartCount: '2' });
  await expect(get(1, { Range: 'bytes=0-1' })).rejects.toMatchObject({ name: 'InvalidRequest' });
  const head = new HeadObjectCommand({ ...target, PartNumber: 1 });
  expect(await client.send(head)).toMatchObject({ PartsCount: 2, ContentLength: partBytes });

  const attributes = (more = {}) =>
    client.send(
      new GetObjectAttributesCommand({
        ...target,
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'],
        ...more,
      }),
    );
  expect(await attributes()).toMatchObject({
    ETag: completed.ETag?.replaceAll('"', ''),
    Checksum: { ChecksumCRC32: completed.ChecksumCRC32?.replace(/-2$/, ''), ChecksumType: 'COMPOSITE' },
    ObjectParts: {
      TotalPartsCount: 2,
      IsTruncated: false,
      Parts: [
        { PartNumber: 3, Size: partBytes, ChecksumCRC32: parts[0]?.ChecksumCRC32 },
        { PartNumber: 5, Size: 1000, ChecksumCRC32: parts[1]?.ChecksumCRC32 },
      ],
    },
    StorageClass: 'STANDARD',
    ObjectSize: partBytes + 1000,
  });
  expect((await attributes({ MaxParts: 1 })).ObjectParts).toMatchObject({
    IsTruncated: true,
    NextPartNumberMarker: '3',
  });
  const few = await attributes({ ObjectAttributes: ['ObjectSize'] });
  expect([few.ObjectSize, few.ETag, few.ObjectParts]).toEqual([partBytes + 1000, undefined, undefined]);
  await client.send(new PutObjectCommand({ ...target, Key: 'single', Body: '12345' }));
  const single = await get(1, { Key: 'single' });
  expect(single).toMatchObject({ ContentRange: 'bytes 0-4/5', ContentLength: 5 });
  // An answer that nobody reads would end with its connection, as an error of nobody's.
  expect(await single.Body?.transformToString()).toBe('12345');
});
