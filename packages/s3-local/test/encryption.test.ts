import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ServerSideEncryption } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

const target = { Bucket: bucket, Key: 'k' };
const md5 = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`;
const keyOf = (letter: string) => ({ SSECustomerAlgorithm: 'AES256', SSECustomerKey: letter.repeat(32) });

test.each<[ServerSideEncryption, boolean]>([
  ['AES256', true],
  ['aws:kms', false],
  ['aws:kms:dsse', false],
])(
  '%s is answered wherever the object is, and its ETag is an MD5: %s',
  async (ServerSideEncryption, isMd5) => {
    const client = startClient(await startServer());
    const encryption = {
      ServerSideEncryption,
      ...(!isMd5 && { SSEKMSKeyId: 'arn:aws:kms:us-east-1:111122223333:key/k', BucketKeyEnabled: true }),
    };
    const put = await client.send(new PutObjectCommand({ ...target, Body: 'hello', ...encryption }));
    expect(put).toMatchObject(encryption);
    expect(put.ETag === md5('hello')).toBe(isMd5);
    expect(put.ETag).toMatch(/^"[\da-f]{32}"$/);
    const got = await client.send(new GetObjectCommand(target));
    expect(got).toMatchObject({ ...encryption, ETag: put.ETag });
    expect(await got.Body?.transformToString()).toBe('hello');
    const plain = await client.send(
      new CopyObjectCommand({ ...target, Key: 'c', CopySource: `${bucket}/k` }),
    );
    expect(plain.ServerSideEncryption).toBeUndefined();

    const begun = await client.send(new CreateMultipartUploadCommand({ ...target, ...encryption }));
    const upload = { ...target, UploadId: begun.UploadId };
    const part = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
    const whole = await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
    for (const answer of [begun, part, whole]) expect(answer).toMatchObject({ ServerSideEncryption });
    expect(part.ETag === md5('x')).toBe(isMd5);
  },
);

test("a customer's key is asked for again by whoever reads, copies or sends parts", async () => {
  const client = startClient(await startServer());
  const put = await client.send(new PutObjectCommand({ ...target, Body: 'hello', ...keyOf('a') }));
  expect(put).toMatchObject({ SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: expect.any(String) });
  expect(put.ETag).not.toBe(md5('hello'));
  const get = (more: object) => client.send(new GetObjectCommand({ ...target, ...more }));
  await expect(get({})).rejects.toMatchObject({ name: 'InvalidRequest' });
  await expect(get(keyOf('b'))).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(client.send(new HeadObjectCommand(target))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 400 },
  });
  const got = await get(keyOf('a'));
  expect(got.SSECustomerKeyMD5).toBe(put.SSECustomerKeyMD5);
  expect(await got.Body?.transformToString()).toBe('hello');
  await client.send(new HeadObjectCommand({ ...target, ...keyOf('a') }));

  const copy = (more: object) =>
    client.send(new CopyObjectCommand({ ...target, Key: 'c', CopySource: `${bucket}/k`, ...more }));
  await expect(copy({})).rejects.toMatchObject({ name: 'InvalidRequest' });
  await copy({ CopySourceSSECustomerAlgorithm: 'AES256', CopySourceSSECustomerKey: 'a'.repeat(32) });
  await expect(get({ Key: 'c', ...keyOf('a') })).rejects.toMatchObject({ name: 'InvalidRequest' });

  const begun = await client.send(new CreateMultipartUploadCommand({ ...target, ...keyOf('a') }));
  const upload = { ...target, UploadId: begun.UploadId };
  const part = (more: object) =>
    client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x', ...more }));
  await expect(part({})).rejects.toMatchObject({ name: 'InvalidRequest' });
  await expect(part(keyOf('b'))).rejects.toMatchObject({ name: 'InvalidRequest' });
  expect((await part(keyOf('a'))).SSECustomerKeyMD5).toBe(put.SSECustomerKeyMD5);
});

test('encryption that cannot be is refused', async () => {
  const { port } = await startServer();
  const start = 'x-amz-server-side-encryption';
  const key = Buffer.alloc(32, 'a');
  const whole = {
    [`${start}-customer-algorithm`]: 'AES256',
    [`${start}-customer-key`]: key.toString('base64'),
    [`${start}-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
  };
  for (const [headers, code] of [
    [{ [start]: 'rot13' }, 'InvalidArgument'],
    [{ [start]: 'AES256', [`${start}-aws-kms-key-id`]: 'k' }, 'InvalidArgument'],
    [{ ...whole, [start]: 'aws:kms' }, 'InvalidArgument'],
    [{ ...whole, [`${start}-customer-algorithm`]: 'rot13' }, 'InvalidEncryptionAlgorithmError'],
    [{ ...whole, [`${start}-customer-key`]: 'c2hvcnQ=' }, 'InvalidArgument'],
    [{ ...whole, [`${start}-customer-key-md5`]: 'c2hvcnQ=' }, 'InvalidArgument'],
    [{ [`${start}-customer-algorithm`]: 'AES256' }, 'InvalidArgument'],
    [{ [start]: 'aws:kms', [`${start}-context`]: 'e30=' }, 'NotImplemented'],
  ] as const) {
    const answer = await sendSigned(port, { method: 'PUT', path: `/${bucket}/k`, headers, body: 'x' });
    expect([headers, codeOf(answer)]).toEqual([headers, code]);
    expect(answer.body).not.toContain(key.toString('base64'));
  }
});
