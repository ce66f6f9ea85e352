import { createHash } from 'node:crypto';
import { CopyObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { bucket, startClient, startServer } from './support/server.ts';

test('a copy takes the metadata along, or gets its own', async () => {
  const client = startClient(await startServer());
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: 'from ü',
      Body: 'hello',
      ContentType: 'text/x',
      Metadata: { a: '1' },
    }),
  );
  const CopySource = `${bucket}/${encodeURIComponent('from ü')}`;
  const copy = await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource }));
  expect(copy.CopyObjectResult?.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'to' }));
  expect(got).toMatchObject({ ContentType: 'text/x', Metadata: { a: '1' } });
  expect(await got.Body?.transformToString()).toBe('hello');

  await client.send(
    new CopyObjectCommand({
      Bucket: bucket,
      Key: 'to',
      CopySource: `${bucket}/to`,
      MetadataDirective: 'REPLACE',
      Metadata: { b: '2' },
    }),
  );
  const replaced = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'to' }));
  expect(replaced.Metadata).toEqual({ b: '2' });
  await expect(
    client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource: `${bucket}/to` })),
  ).rejects.toMatchObject({ name: 'InvalidRequest' });
  await expect(
    client.send(
      new CopyObjectCommand({ Bucket: bucket, Key: 'x', CopySource, CopySourceIfMatch: '"other"' }),
    ),
  ).rejects.toMatchObject({ name: 'PreconditionFailed' });
});

test('a copy has a storage class and a redirect of its own, and another checksum where one is asked for', async () => {
  const client = startClient(await startServer());
  const target = { Bucket: bucket, Key: 'k' };
  const put = new PutObjectCommand({
    ...target,
    Body: 'hello',
    StorageClass: 'STANDARD_IA',
    WebsiteRedirectLocation: '/there',
    ContentType: 'text/x',
  });
  await client.send(put);
  const copy = (more: object) =>
    client.send(new CopyObjectCommand({ ...target, CopySource: `${bucket}/k`, ...more }));
  const result = await copy({ Key: 'copy', ChecksumAlgorithm: 'SHA256' });
  const sha256 = createHash('sha256').update('hello').digest('base64');
  expect(result.CopyObjectResult?.ChecksumSHA256).toBe(sha256);
  const head = await client.send(new HeadObjectCommand({ ...target, Key: 'copy' }));
  expect(head.ContentType).toBe('text/x');
  expect([head.StorageClass, head.WebsiteRedirectLocation]).toEqual([undefined, undefined]);
  await copy({ StorageClass: 'ONEZONE_IA' });
  expect(await client.send(new HeadObjectCommand(target))).toMatchObject({
    StorageClass: 'ONEZONE_IA',
    ContentType: 'text/x',
  });
});
