import {
  CopyObjectCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { postForm } from './support/form.ts';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

const target = { Bucket: bucket, Key: 'k' };

async function tagsOf(client: S3Client, Key = 'k'): Promise<Record<string, string>> {
  const { TagSet = [] } = await client.send(new GetObjectTaggingCommand({ ...target, Key }));
  return Object.fromEntries(TagSet.map(({ Key: name = '', Value = '' }) => [name, Value]));
}

test('tags come with an object, are counted, replaced and deleted; its bytes and its age stay', async () => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ ...target, Body: 'hello', Tagging: 'colour=gr%C3%BCn&size=a+b' }));
  const before = await client.send(new HeadObjectCommand(target));
  expect(before.TagCount).toBe(2);
  expect(await tagsOf(client)).toEqual({ colour: 'grün', size: 'a b' });
  const TagSet = [{ Key: 'only', Value: 'one' }];
  await client.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } }));
  expect(await tagsOf(client)).toEqual({ only: 'one' });
  await client.send(new DeleteObjectTaggingCommand(target));
  expect(await tagsOf(client)).toEqual({});
  const got = await client.send(new GetObjectCommand(target));
  expect(got).toMatchObject({ ETag: before.ETag, LastModified: before.LastModified });
  expect(got.TagCount).toBeUndefined();
  expect(await got.Body?.transformToString()).toBe('hello');
  await expect(tagsOf(client, 'none')).rejects.toMatchObject({ name: 'NoSuchKey' });
});

test('a copy takes tags along or gets its own; uploads in parts and forms have them too', async () => {
  const { port, ...server } = await startServer();
  const client = startClient(server);
  await client.send(new PutObjectCommand({ ...target, Body: 'x', Tagging: 'a=1' }));
  const copy = (Key: string, more: object) =>
    client.send(new CopyObjectCommand({ ...target, Key, CopySource: `${bucket}/k`, ...more }));
  await copy('copy', { Tagging: 'ignored=1' });
  await copy('other', { TaggingDirective: 'REPLACE', Tagging: 'b=2' });
  expect([await tagsOf(client, 'copy'), await tagsOf(client, 'other')]).toEqual([{ a: '1' }, { b: '2' }]);

  const begun = await client.send(new CreateMultipartUploadCommand({ ...target, Tagging: 'c=3' }));
  const upload = { ...target, UploadId: begun.UploadId };
  const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
  expect(await tagsOf(client)).toEqual({ c: '3' });

  const tagging = '<Tagging><TagSet><Tag><Key>d</Key><Value>4</Value></Tag></TagSet></Tagging>';
  const conditions = [['starts-with', '$tagging', '']];
  expect((await postForm({ port, conditions, fields: { tagging } })).status).toBe(204);
  expect(await tagsOf(client)).toEqual({ d: '4' });
});

test('tags that cannot be are refused', async () => {
  const { port } = await startServer();
  const path = `/${bucket}/k`;
  const put = async (tagging: string) =>
    codeOf(await sendSigned(port, { method: 'PUT', path, headers: { 'x-amz-tagging': tagging }, body: 'x' }));
  const eleven = Array.from({ length: 11 }, (_, index) => `t${index}=`).join('&');
  expect(await put(eleven)).toBe('BadRequest');
  expect(await put('a=1&a=2')).toBe('InvalidArgument');
  for (const tags of ['=1', `${'k'.repeat(129)}=1`, `a=${'v'.repeat(257)}`, 'a=%3C', 'aws:a=1']) {
    expect([tags, await put(tags)]).toEqual([tags, 'InvalidTag']);
  }
  expect((await sendSigned(port, { method: 'PUT', path, body: 'x' })).status).toBe(200);
  const tag = '<Tag><Key>a</Key><Value>1</Value></Tag>';
  for (const [body, code] of [
    [`<Tagging><TagSet>${tag}${tag}</TagSet></Tagging>`, 'InvalidTag'],
    ['<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>', 'MalformedXML'],
    ['<Tagging></Tagging>', 'MalformedXML'],
  ] as const) {
    expect(codeOf(await sendSigned(port, { method: 'PUT', path: `${path}?tagging=`, body }))).toBe(code);
  }
});
