import { S3Client } from '@aws-sdk/client-s3';
import { S3Put, S3PutError } from '@silly-face/s3-put';
import type { S3PutOptions } from '@silly-face/s3-put';
import { expect, test } from 'vitest';
import { scripted, store } from './support/scripted-server.ts';
import { credentials, failureOf, s3Put, temporaryFile } from './support/uploads.ts';

test.each([
  [{ bucket: '' }, 'Expected `bucket` to be a non-empty string, got ""'],
  [{ idleTimeoutMs: -1 }, 'Expected `idleTimeoutMs` to be a positive number, got -1'],
  [{ connectTimeoutMs: Number.NaN }, 'Expected `connectTimeoutMs` to be a positive number, got NaN'],
  [
    { totalTimeoutMs: Infinity },
    'Expected `totalTimeoutMs` to be at most 2147483647 (24 days), got Infinity',
  ],
  [{ maxConnections: 0 }, 'Expected `maxConnections` to be an integer of at least 1, got 0'],
  [
    { expectContinueFromBytes: 1.5 },
    'Expected `expectContinueFromBytes` to be an integer of at least 0, got 1.5',
  ],
  [{ verifyETag: 'yes' }, 'Expected `verifyETag` to be a boolean, got "yes"'],
  [{ client: {} }, 'Expected `client` to be an S3Client, got [object Object]'],
  [{ timeout: 5 }, 'Unknown option `timeout`'],
])('%o is refused when constructed', (options, message) => {
  const construct = (): S3Put => new S3Put({ bucket: 'bucket', ...options } as unknown as S3PutOptions);
  expect(construct).toThrow(S3PutError);
  expect(construct).toThrow(message);
});

test('Options of a client are refused beside a client', () => {
  const client = new S3Client({ region: 'us-east-1', credentials });
  expect(() => new S3Put({ bucket: 'bucket', client, region: 'eu-west-1' })).toThrow(
    'Expected `region` to be set on the `client`, as one is given',
  );
  client.destroy();
});

test.each([
  ['an empty key', ['', {}, {}], 'Expected the key to be a non-empty string'],
  ['a key over 1,024 bytes', ['ü'.repeat(513), {}, {}], 'at most 1024 bytes, got 1026'],
  ['headers that are none', ['key', null, {}], 'Expected the headers to be an object, got null'],
  ['a header of ours', ['key', { 'Content-Length': '5' }, {}], 'Expected no header `Content-Length`'],
  [
    'a header that cannot be sent',
    ['key', { 'x-amz-meta-a': 'a\nb' }, {}],
    'Expected header `x-amz-meta-a` to be sendable',
  ],
  [
    'a header that cannot be signed',
    ['key', { 'x-amz-meta-a': 'Jürgen' }, {}],
    'Expected header `x-amz-meta-a` to be printable ASCII, got "Jürgen"',
  ],
  [
    'a header with a tab',
    ['key', { 'x-amz-meta-a': 'a\tb' }, {}],
    'Expected header `x-amz-meta-a` to be printable ASCII, got "a\\tb"',
  ],
  [
    'a header that is no string',
    ['key', { 'x-amz-meta-a': 5 }, {}],
    'Expected header `x-amz-meta-a` to be a string, got 5',
  ],
  [
    'an unknown option',
    ['key', {}, { timeout: 5 }],
    'Unknown option `timeout`; known are signal, totalTimeoutMs',
  ],
  ['a signal that is none', ['key', {}, { signal: {} }], 'Expected `signal` to be an AbortSignal'],
])('%s is refused by rejection', async (_, rest, message) => {
  const put = s3Put('http://127.0.0.1:1').put('/nowhere', ...(rest as [string]));
  expect(await failureOf(put)).toMatchObject({ code: 'EINVALID', message: expect.stringContaining(message) });
});

test('Without credentials the error is the provider’s', async () => {
  const provider = async (): Promise<never> => {
    throw Object.assign(new Error('no profile'), { name: 'CredentialsProviderError' });
  };
  const client = new S3Client({ endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials: provider });
  const error = await failureOf(s3Put('', { client }).put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({
    code: 'ECREDENTIALS',
    source: 'client',
    history: [],
    cause: { message: 'no profile' },
  });
  client.destroy();
});

test('The callback form gets the answer or the error', async () => {
  const server = await scripted(store());
  const uploads = s3Put(server.endpoint);
  const path = await temporaryFile('small');
  const outcomes = await Promise.all([
    new Promise((resolve) => uploads.put(path, 'key', (...args) => resolve(args))),
    new Promise((resolve) =>
      uploads.put(path, 'key', { 'x-amz-acl': 'public-read' }, (...args) => resolve(args)),
    ),
    new Promise((resolve) => uploads.put(`${path}.missing`, 'key', {}, {}, (...args) => resolve(args))),
    new Promise((resolve) => uploads.putBuffer(Buffer.from('small'), 'key', (...args) => resolve(args))),
  ]);
  expect(outcomes).toEqual([
    [null, expect.objectContaining({ statusCode: 200 })],
    [null, expect.objectContaining({ statusCode: 200 })],
    [expect.objectContaining({ code: 'EFILENOTFOUND' })],
    [null, expect.objectContaining({ statusCode: 200 })],
  ]);
  expect(server.received.some(({ headers }) => headers['x-amz-acl'] === 'public-read')).toBe(true);
});
