import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import type { PresignedPut, PresignOptions } from '@silly-face/s3-put';
import { expect, onTestFinished, test, vi } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { scripted } from './support/scripted-server.ts';
import { credentials, failureOf, s3Put, temporaryFile } from './support/uploads.ts';

/** Does what a browser does with it. Answers the status, and S3's code where it refused. */
async function send(
  { url, method, headers }: PresignedPut,
  body: string,
  changes: Record<string, string> = {},
): Promise<[number, string | undefined]> {
  const response = await fetch(url, { method, headers: { ...headers, ...changes }, body });
  return [response.status, /<Code>(.*?)<\/Code>/.exec(await response.text())?.[1]];
}

test('Somebody without credentials stores an object with the headers that were promised', async () => {
  const s3 = await localS3();
  const presigned = await s3Put(s3.endpoint).presignPut("a b/ü's (1)!*.html", {
    'Cache-Control': 'max-age=60',
    'x-amz-meta-owner': 'Urkel',
  });
  expect(presigned).toMatchObject({
    method: 'PUT',
    headers: { 'cache-control': 'max-age=60', 'content-type': 'text/html', 'x-amz-meta-owner': 'Urkel' },
  });
  expect(await send(presigned, 'meow')).toEqual([200, undefined]);
  expect((await s3.content("a b/ü's (1)!*.html")).toString()).toBe('meow');
  expect(await s3.head("a b/ü's (1)!*.html")).toMatchObject({
    CacheControl: 'max-age=60',
    ContentType: 'text/html',
    Metadata: { owner: 'Urkel' },
  });
});

test.each([
  ['cache-control', 'max-age=60', 'max-age=6000'],
  ['content-type', 'image/jpeg', 'text/html'],
  ['content-encoding', 'gzip', 'br'],
  ['content-disposition', 'attachment', 'inline'],
  ['x-amz-acl', 'private', 'bucket-owner-full-control'],
  ['x-amz-meta-owner', 'Urkel', 'somebody'],
  ['x-amz-storage-class', 'STANDARD', 'GLACIER'],
  ['x-amz-checksum-crc32', 'r/bXvw==', 'AAAAAA=='],
  ['if-none-match', '*', ''],
])('Another `%s` than the one promised is refused, and none as well', async (name, value, other) => {
  const s3 = await localS3();
  const presigned = await s3Put(s3.endpoint).presignPut('key', { [name]: value });
  expect(presigned.url).not.toContain(`${name}=`);
  expect(await send(presigned, 'meow', { [name]: other })).toEqual([403, 'SignatureDoesNotMatch']);
  const { [name]: _, ...rest } = presigned.headers;
  // Without one of its own, fetch would name a type for text.
  const bytes = { ...presigned, headers: rest };
  expect(await send(bytes, 'meow')).toEqual([403, 'SignatureDoesNotMatch']);
});

test('A header of Amazon that was not promised is refused', async () => {
  const s3 = await localS3();
  const presigned = await s3Put(s3.endpoint).presignPut('key');
  expect(await send(presigned, 'meow', { 'x-amz-acl': 'private' })).toEqual([403, 'AccessDenied']);
});

test('With `contentLength` a body of any other size is refused', async () => {
  const s3 = await localS3();
  const presigned = await s3Put(s3.endpoint).presignPut('key', {}, { contentLength: 4 });
  expect(presigned.headers).not.toHaveProperty('content-length');
  expect(await send(presigned, 'meow!')).toEqual([403, 'SignatureDoesNotMatch']);
  expect(await send(presigned, 'meo')).toEqual([403, 'SignatureDoesNotMatch']);
  expect(await send(presigned, 'meow')).toEqual([200, undefined]);
});

test('A promised checksum holds S3 to the very bytes', async () => {
  const s3 = await localS3();
  const checksum = (await s3Put(s3.endpoint).putBuffer(Buffer.from('meow'), 'other')).checksum;
  const presigned = await s3Put(s3.endpoint).presignPut('key', { 'x-amz-checksum-crc32': checksum });
  expect(await send(presigned, 'woof')).toEqual([400, 'BadDigest']);
  expect(await send(presigned, 'meow')).toEqual([200, undefined]);
});

test('`if-none-match` lets it be used once', async () => {
  const s3 = await localS3();
  const presigned = await s3Put(s3.endpoint).presignPut('key', { 'if-none-match': '*' });
  expect(await send(presigned, 'first')).toEqual([200, undefined]);
  expect(await send(presigned, 'second')).toEqual([412, 'PreconditionFailed']);
});

test('curl can use it', async (context) => {
  const s3 = await localS3();
  const { url, headers } = await s3Put(s3.endpoint).presignPut('key', { 'x-amz-meta-owner': 'Urkel' });
  const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = ['-sSf', '-T', await temporaryFile('meow'), ...given, url];
  await promisify(execFile)('curl', args).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') context.skip('there is no curl here');
    throw error;
  });
  expect((await s3.content('key')).toString()).toBe('meow');
});

test('It is good for 15 minutes, or as long as it is told, and then no more', async () => {
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint);
  const before = Date.now();
  const { url, expiresAt } = await uploads.presignPut('key');
  expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('900');
  expect(expiresAt.getTime()).toBeGreaterThan(before + 899_000 - 1000);
  const hour = await uploads.presignPut('key', {}, { expiresInMs: 3_600_999 });
  expect(new URL(hour.url).searchParams.get('X-Amz-Expires')).toBe('3600');
  const week = await uploads.presignPut('key', {}, { expiresInMs: 604_800_000 });
  expect(await send(week, 'meow')).toEqual([200, undefined]);

  vi.useFakeTimers({ now: Date.now() - 3_600_000, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const old = await uploads.presignPut('key', {}, { expiresInMs: 3_590_000 });
  const young = await uploads.presignPut('key', {}, { expiresInMs: 3_690_000 });
  vi.useRealTimers();
  expect(old.expiresAt.getTime()).toBeLessThan(Date.now());
  expect(await send(old, 'meow')).toEqual([403, 'AccessDenied']);
  expect(await send(young, 'meow')).toEqual([200, undefined]);
});

test('It ends with the credentials that signed it, and their session token is in it', async () => {
  const expiration = new Date(Date.now() + 60_000);
  const session = { ...credentials, sessionToken: 'TOKEN', expiration };
  const presigned = await s3Put('http://127.0.0.1:1', { credentials: session }).presignPut('key');
  expect(presigned.expiresAt).toEqual(expiration);
  expect(new URL(presigned.url).searchParams.get('X-Amz-Security-Token')).toBe('TOKEN');
});

test('The endpoint and region are those of the client, and nothing is sent', async () => {
  const client = new S3Client({ region: 'eu-central-1', credentials, cacheMiddleware: true });
  onTestFinished(() => client.destroy());
  const uploads = s3Put('', { client, bucket: 'photos' });
  const [cat, dog] = [await uploads.presignPut('cat.jpg'), await uploads.presignPut('dog.jpg')];
  expect(cat.url).toMatch(/^https:\/\/photos\.s3\.eu-central-1\.amazonaws\.com\/cat\.jpg\?/);
  expect(cat.url).toContain('%2Feu-central-1%2Fs3%2Faws4_request');
  expect(dog.url).toContain('/dog.jpg?');
});

test('A directory bucket signs with a session', async () => {
  const server = await scripted((_request, response) => {
    const session =
      '<SessionToken>SESSION</SessionToken><SecretAccessKey>other</SecretAccessKey>' +
      '<AccessKeyId>ASIAEXAMPLE</AccessKeyId><Expiration>2100-01-01T00:00:00Z</Expiration>';
    response.end(
      `<?xml version="1.0"?><CreateSessionResult><Credentials>${session}</Credentials></CreateSessionResult>`,
    );
  });
  const bucket = 'photos--use1-az4--x-s3';
  const { url } = await s3Put(server.endpoint, { bucket, forcePathStyle: true }).presignPut('key');
  const query = new URL(url).searchParams;
  expect(query.get('X-Amz-S3session-Token')).toBe('SESSION');
  expect(query.get('X-Amz-Credential')).toMatch(/^ASIAEXAMPLE\/\d{8}\/us-east-1\/s3express\/aws4_request$/);
});

test.each([
  [
    { expiresInMs: 604_800_001 },
    'Expected `expiresInMs` to be from 1000 to 604800000 (7 days), got 604800001',
  ],
  [{ expiresInMs: 999 }, 'Expected `expiresInMs` to be from 1000 to 604800000 (7 days), got 999'],
  [{ expiresInMs: Number.NaN }, 'Expected `expiresInMs` to be a positive number, got NaN'],
  [{ contentLength: -1 }, 'Expected `contentLength` to be an integer of at least 0, got -1'],
  [{ expiresIn: 60 }, 'Unknown option `expiresIn`; known are expiresInMs, contentLength'],
])('%o is refused', async (options, message) => {
  const presigning = s3Put('http://127.0.0.1:1').presignPut('key', {}, options as PresignOptions);
  expect(await failureOf(presigning)).toMatchObject({ code: 'EINVALID', message });
});

test('A wrong key or header, missing credentials and a closed S3Put are errors', async () => {
  const uploads = s3Put('http://127.0.0.1:1');
  expect(await failureOf(uploads.presignPut(''))).toMatchObject({ code: 'EINVALID' });
  expect(await failureOf(uploads.presignPut('key', { host: 'evil' }))).toMatchObject({ code: 'EINVALID' });
  await uploads.close();
  expect(await failureOf(uploads.presignPut('key'))).toMatchObject({ code: 'ECLOSED' });
  const provider = async (): Promise<never> => {
    throw Object.assign(new Error('no profile'), { name: 'CredentialsProviderError' });
  };
  const error = await failureOf(s3Put('http://127.0.0.1:1', { credentials: provider }).presignPut('key'));
  expect(error).toMatchObject({
    code: 'ECREDENTIALS',
    message: 'PresignPutObject to s3://bucket/key: no profile',
  });
});

test('A signer of the client’s own that cannot presign is an error', async () => {
  const client = new S3Client({
    endpoint: 'http://127.0.0.1:1',
    region: 'us-east-1',
    credentials,
    signer: { sign: async (request: unknown) => request } as never,
  });
  onTestFinished(() => client.destroy());
  expect(await failureOf(s3Put('', { client }).presignPut('key'))).toMatchObject({
    code: 'ECLIENT',
    message: expect.stringContaining('cannot presign'),
  });
});
