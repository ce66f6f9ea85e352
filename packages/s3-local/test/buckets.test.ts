import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

test('buckets are made, found, listed and deleted', async () => {
  const client = startClient(await startServer());
  await client.send(new CreateBucketCommand({ Bucket: 'another.one' }));
  await client.send(new CreateBucketCommand({ Bucket: 'another.one' }));
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['another.one', bucket]);
  const head = await client.send(new HeadBucketCommand({ Bucket: 'another.one' }));
  expect(head.BucketRegion).toBe('us-east-1');
  await client.send(new DeleteBucketCommand({ Bucket: 'another.one' }));
  await expect(client.send(new HeadBucketCommand({ Bucket: 'another.one' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
  await client.send(new CreateBucketCommand({ Bucket: 'another.one' }));
});

test('a bucket with objects is not deleted', async () => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
  await expect(client.send(new DeleteBucketCommand({ Bucket: bucket }))).rejects.toMatchObject({
    name: 'BucketNotEmpty',
  });
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
});

test('outside the oldest region a bucket is made once, and in its own region only', async () => {
  const server = await startServer({ region: 'eu-central-1' });
  const client = startClient(server, { region: 'eu-central-1' });
  await client.send(new CreateBucketCommand({ Bucket: 'regional' }));
  await expect(client.send(new CreateBucketCommand({ Bucket: 'regional' }))).rejects.toMatchObject({
    name: 'BucketAlreadyOwnedByYou',
    $metadata: { httpStatusCode: 409 },
  });
  await expect(
    client.send(
      new CreateBucketCommand({
        Bucket: 'x-y-z',
        CreateBucketConfiguration: { LocationConstraint: 'us-west-2' },
      }),
    ),
  ).rejects.toMatchObject({ name: 'IllegalLocationConstraintException' });
});

test.each([
  'ab',
  'Capital',
  'under_score',
  '192.168.0.1',
  'two..dots',
  '-start',
  'end-',
  '..',
  'a'.repeat(64),
])('%s is no name for a bucket', async (name) => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'PUT', path: `/${name}` });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidBucketName']);
});

test('sub-resources that are not implemented do not fall through to plain requests', async () => {
  const { port } = await startServer();
  for (const [method, path] of [
    ['DELETE', `/${bucket}?policy=`],
    ['PUT', `/${bucket}?acl=`],
    ['GET', `/${bucket}/k?retention=`],
    ['GET', `/${bucket}?versions=`],
  ] as const) {
    const answer = await sendSigned(port, { method, path });
    expect([path, answer.status, codeOf(answer)]).toEqual([path, 501, 'NotImplemented']);
  }
  expect(codeOf(await sendSigned(port, { method: 'PATCH', path: `/${bucket}/k` }))).toBe('MethodNotAllowed');
});
