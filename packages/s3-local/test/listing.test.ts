import {
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

async function withKeys(keys: readonly string[]): Promise<S3Client> {
  const client = startClient(await startServer());
  await Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))));
  return client;
}

test('keys are listed in the order of their bytes', async () => {
  const client = await withKeys(['b', 'a', 'B', '\u{FFFD}', '\u{1F600}', 'ä']);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  expect(Contents?.map(({ Key }) => Key)).toEqual(['B', 'a', 'b', 'ä', '\u{FFFD}', '\u{1F600}']);
  expect(Contents?.[0]).toMatchObject({
    Size: 1,
    StorageClass: 'STANDARD',
    ETag: expect.stringMatching(/^"\w{32}"$/),
  });
});

test('prefix and delimiter roll folders up', async () => {
  const client = await withKeys(['2024/a', '2024/b', '2025/x/1', '2025/x/2', '2025/y', 'top']);
  const list = async (options: object) => {
    const { Contents = [], CommonPrefixes = [] } = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Delimiter: '/', ...options }),
    );
    return [CommonPrefixes.map(({ Prefix }) => Prefix), Contents.map(({ Key }) => Key)];
  };
  expect(await list({})).toEqual([['2024/', '2025/'], ['top']]);
  expect(await list({ Prefix: '2025/' })).toEqual([['2025/x/'], ['2025/y']]);
  expect(await list({ Prefix: '20' })).toEqual([['2024/', '2025/'], []]);
  expect(await list({ StartAfter: '2024/a' })).toEqual([['2024/', '2025/'], ['top']]);
  expect(await list({ StartAfter: '2024/b' })).toEqual([['2025/'], ['top']]);
});

test.each([1, 2, 3, 5, 100])('pages of %i lose nothing and repeat nothing', async (pageSize) => {
  const keys = ['a/1', 'a/2', 'b', 'c/1', 'c/2', 'c/3', 'd', 'e/1'];
  const client = await withKeys(keys);
  const seen: string[] = [];
  for await (const page of paginateListObjectsV2({ client, pageSize }, { Bucket: bucket })) {
    expect(page.KeyCount).toBeLessThanOrEqual(pageSize);
    seen.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
  }
  expect(seen).toEqual(keys);
  const lines: string[] = [];
  for await (const page of paginateListObjectsV2({ client, pageSize }, { Bucket: bucket, Delimiter: '/' })) {
    lines.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
    lines.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
  }
  expect(lines.toSorted()).toEqual(['a/', 'b', 'c/', 'd', 'e/']);
});

test.each([1, 2, 3, 100])(
  'the first version of the listing goes on behind a key, by pages of %i',
  async (MaxKeys) => {
    const keys = ['a/', 'a/1', 'a/2', 'b', 'c/1', 'c/2', 'd', 'e/1'];
    const client = await withKeys(keys);
    for (const Delimiter of [undefined, '/']) {
      const lines: string[] = [];
      let Marker: string | undefined;
      for (let more = true; more;) {
        const page = await client.send(
          new ListObjectsCommand({ Bucket: bucket, MaxKeys, Delimiter, Marker }),
        );
        const found = [
          ...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
          ...(page.Contents ?? []).map(({ Key = '' }) => Key),
        ];
        lines.push(...found);
        more = page.IsTruncated ?? false;
        expect(page.NextMarker === undefined).toBe(!more || Delimiter === undefined);
        Marker = page.NextMarker ?? found.at(-1);
      }
      expect(lines.toSorted()).toEqual(Delimiter ? ['a/', 'b', 'c/', 'd', 'e/'] : keys);
    }
  },
);

test('a listing sees each write and each delete at once', async () => {
  const client = await withKeys([]);
  for (let round = 1; round <= 20; round++) {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'same', Body: 'x'.repeat(round) }));
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents?.map(({ Size }) => Size)).toEqual([round]);
  }
});

test('parameters that make no sense are refused', async () => {
  const { port } = await startServer();
  for (const query of ['max-keys=many', 'continuation-token=bogus', 'encoding-type=base64']) {
    const answer = await sendSigned(port, { method: 'GET', path: `/${bucket}?list-type=2&${query}` });
    expect([query, answer.status, codeOf(answer)]).toEqual([query, 400, 'InvalidArgument']);
  }
});
