import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { codeOf, send, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';
import { signedHeaders } from './support/signer.ts';

/** As if a name server knew all names below the domains. */
const toLoopback: LookupFunction = (_, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

test('the SDK reaches buckets by their host names, with dots in them, too', async () => {
  const dotted = 'party.photos';
  const { port } = await startServer({ domains: ['s3.test'], buckets: [bucket, dotted] });
  const httpAgent = new Agent({ keepAlive: true, lookup: toLoopback });
  onTestFinished(() => httpAgent.destroy());
  const endpoint = `http://s3.test:${port}`;
  const client = startClient({ endpoint }, { forcePathStyle: false, requestHandler: { httpAgent } });
  for (const Bucket of [bucket, dotted]) {
    await client.send(new PutObjectCommand({ Bucket, Key: 'a/b ü', Body: Bucket }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'a/b ü' }));
    expect(await got.Body?.transformToString()).toBe(Bucket);
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a/b ü']);
  }
  const target = { Bucket: bucket, Key: 'in/parts' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const part = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'x' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  const whole = await client.send(
    new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }),
  );
  expect(whole.Location).toBe(`http://${bucket}.s3.test:${port}/in%2Fparts`);
});

test('a host name says which bucket, whatever its case; other names leave it to the path', async () => {
  const { port } = await startServer({ domains: ['test', 'S3.test'] });
  await sendSigned(port, { method: 'PUT', path: `/${bucket}/k`, body: 'hello' });
  const get = (host: string, path: string) => {
    const { headers } = signedHeaders({ method: 'GET', path, host });
    return send({ port, method: 'GET', path, headers });
  };
  for (const host of [
    `${bucket}.s3.test`,
    `${bucket}.S3.Test:${port}`,
    `${bucket}.test`,
    `${bucket}.localhost`,
  ]) {
    expect([host, (await get(host, '/k')).body]).toEqual([host, 'hello']);
  }
  for (const host of ['s3.test', `test:${port}`, 'localhost', 'other.example', `${bucket}s3.example`]) {
    // `s3` would be a bucket below `test`, were the longer name not asked first.
    expect([host, (await get(host, `/${bucket}/k`)).body]).toEqual([host, 'hello']);
  }
  expect(codeOf(await get('none.s3.test', '/k'))).toBe('NoSuchBucket');
  expect(codeOf(await get('a..s3.test', '/k'))).toBe('InvalidBucketName');
});
