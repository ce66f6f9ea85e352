import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { scripted, store } from './support/scripted-server.ts';
import { credentials, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

/** A client, closed with the test, and how often it was asked to send. */
function spied(config: S3ClientConfig): { client: S3Client; sent: () => number } {
  const client = new S3Client({ credentials, region: 'us-east-1', ...config });
  onTestFinished(() => client.destroy());
  const send = vi.spyOn(client, 'send');
  return { client, sent: () => send.mock.calls.length };
}

test('Once one put has gone through the client the others go without it', async () => {
  const s3 = await localS3();
  const { client, sent } = spied({ endpoint: s3.endpoint });
  const uploads = s3Put('', { client });
  for (let index = 0; index < 5; index += 1) await uploads.putBuffer(Buffer.from(`${index}`), `key-${index}`);
  expect(sent()).toBe(1);
  expect((await s3.content('key-4')).toString()).toBe('4');
  // Of one in parts, only what is no PUT: create and complete.
  const inParts = s3Put('', { client, multipartFromBytes: 5 * MiB, partBytes: 5 * MiB });
  await inParts.putBuffer(Buffer.from('first'), 'first');
  const before = sent();
  const content = someBytes(16 * MiB);
  await inParts.put(await temporaryFile(content), 'film');
  expect(sent() - before).toBe(2);
  expect((await s3.content('film')).equals(content)).toBe(true);
});

test('A part, too, shows the way', async () => {
  const s3 = await localS3();
  const { client, sent } = spied({ endpoint: s3.endpoint });
  const uploads = s3Put('', { client, multipartFromBytes: 5 * MiB, partBytes: 5 * MiB, parallelParts: 1 });
  await uploads.put(await temporaryFile(someBytes(16 * MiB)), 'film');
  expect(sent()).toBe(3);
  await uploads.putBuffer(Buffer.from('small'), 'small');
  expect(sent()).toBe(3);
});

test('Fifty first puts at once are all stored', async () => {
  const s3 = await localS3();
  const { client, sent } = spied({ endpoint: s3.endpoint });
  const uploads = s3Put('', { client });
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
  await Promise.all(keys.map((key) => uploads.putBuffer(Buffer.from(key), key)));
  expect(sent()).toBeLessThanOrEqual(50);
  const before = sent();
  await Promise.all(keys.map((key) => uploads.putBuffer(Buffer.from(`${key} again`), key)));
  expect(sent()).toBe(before);
  for (const key of keys) expect((await s3.content(key)).toString()).toBe(`${key} again`);
});

test('With middleware of yours every put goes through the client, and the middleware sees it', async () => {
  const s3 = await localS3();
  const { client, sent } = spied({ endpoint: s3.endpoint });
  let seen = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      seen += 1;
      (args.request as { headers: Record<string, string> }).headers['x-amz-meta-by'] = 'middleware';
      return await next(args);
    },
    { step: 'build' },
  );
  const uploads = s3Put('', { client });
  for (const key of ['one', 'two', 'three']) await uploads.putBuffer(Buffer.from(key), key);
  expect(seen).toBe(3);
  expect(sent()).toBe(3);
  expect((await s3.head('three')).Metadata).toEqual({ by: 'middleware' });
});

test('A logger of yours is told of every put', async () => {
  const server = await scripted(store());
  const info = vi.fn<(...args: unknown[]) => void>();
  const nothing = (): void => undefined;
  const logger = { trace: nothing, debug: nothing, info, warn: nothing, error: nothing };
  const { client } = spied({ endpoint: server.endpoint, logger });
  const uploads = s3Put('', { client });
  for (const key of ['one', 'two', 'three']) await uploads.putBuffer(Buffer.from(key), key);
  expect(info).toHaveBeenCalledTimes(3);
});

test('A signer of yours signs every put', async () => {
  const server = await scripted(store());
  let signed = 0;
  const signer: NonNullable<S3ClientConfig['signer']> = {
    sign: async (request) => {
      signed += 1;
      const own = request as { headers: Record<string, string> };
      own.headers['authorization'] = `Mine ${signed}`;
      return request;
    },
  };
  const { client } = spied({ endpoint: server.endpoint, signer });
  const uploads = s3Put('', { client });
  for (const key of ['one', 'two', 'three']) await uploads.putBuffer(Buffer.from(key), key);
  expect(server.received.map(({ headers }) => headers.authorization)).toEqual(['Mine 1', 'Mine 2', 'Mine 3']);
});

test('A retry strategy of the old kind is asked for every put', async () => {
  const server = await scripted(store());
  let asked = 0;
  const retryStrategy = {
    mode: 'own',
    retry: async (next: (args: unknown) => Promise<unknown>, args: unknown) => {
      asked += 1;
      return await next(args);
    },
  };
  const { client } = spied({ endpoint: server.endpoint, retryStrategy: retryStrategy as never });
  const uploads = s3Put('', { client });
  for (const key of ['one', 'two', 'three']) await uploads.putBuffer(Buffer.from(key), key);
  expect(asked).toBe(3);
});

test('Two buckets of one client do not get in each other’s way', async () => {
  const s3 = await localS3();
  const { client } = spied({ endpoint: s3.endpoint, forcePathStyle: true });
  const [here, there] = [s3Put('', { client }), s3Put('', { client, bucket: 'nowhere' })];
  for (const key of ['one', 'two']) {
    await here.putBuffer(Buffer.from(key), key);
    await expect(there.putBuffer(Buffer.from(key), key)).rejects.toMatchObject({
      bucket: 'nowhere',
      s3: { code: 'NoSuchBucket' },
    });
  }
  expect((await s3.content('two')).toString()).toBe('two');
});

test('An adaptive client is told of successes and failures, and goes on', async () => {
  const s3 = await localS3();
  const { client, sent } = spied({ endpoint: s3.endpoint, retryMode: 'adaptive' });
  const uploads = s3Put('', { client });
  for (let index = 0; index < 10; index += 1) {
    if (index === 5) s3.faults.next({ status: 503, code: 'SlowDown', method: 'PUT' });
    await uploads.putBuffer(Buffer.from('small'), `key-${index}`);
  }
  // The first one, the one that failed, and, since that may have been the pattern's fault, none but that.
  expect(sent()).toBe(2);
});
