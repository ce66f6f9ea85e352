import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answer, answerAfterBody, resetAfter, s3Error, scripted, store } from './support/scripted-server.ts';
import { credentials, failureOf, s3Put } from './support/uploads.ts';

function clientFor(endpoint: string, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({ credentials, region: 'us-east-1', endpoint, ...config });
  onTestFinished(() => client.destroy());
  return client;
}

const small = Buffer.from('small');

test.each([1, 2, 3, 5])(
  '%i attempts are as many, when the first of them went without the client',
  async (maxAttempts) => {
    const server = await scripted(store(), resetAfter(0));
    const uploads = s3Put('', { client: clientFor(server.endpoint, { maxAttempts }) });
    await uploads.putBuffer(small, 'first');
    const error = await failureOf(uploads.putBuffer(small, 'second'));
    expect(error).toMatchObject({ code: 'ENETWORK', operation: 'PutObject' });
    expect(error.history).toHaveLength(maxAttempts);
    expect(server.received).toHaveLength(1 + maxAttempts);
    expect(server.received.slice(2).map(({ headers }) => headers['amz-sdk-request'])).toEqual(
      Array.from({ length: maxAttempts - 1 }, (_, index) => `attempt=${index + 2}; max=${maxAttempts}`),
    );
  },
);

test('What fails without the client and succeeds with it is one put of two attempts', async () => {
  const server = await scripted(store(), answerAfterBody(500, {}, s3Error('InternalError')), store());
  const uploads = s3Put(server.endpoint);
  await uploads.putBuffer(small, 'first');
  expect(await uploads.putBuffer(small, 'second')).toMatchObject({ attempts: 2 });
  expect(server.received.map(({ url }) => url)).toEqual([
    '/bucket/first?x-id=PutObject',
    '/bucket/second',
    '/bucket/second?x-id=PutObject',
  ]);
  expect(server.received.every(({ body }) => body.equals(small))).toBe(true);
});

test('A refusal without the client is told in its own words, and not tried again', async () => {
  const server = await scripted(store(), answerAfterBody(403, {}, s3Error('AccessDenied')));
  const uploads = s3Put(server.endpoint);
  await uploads.putBuffer(small, 'first');
  const error = await failureOf(uploads.putBuffer(small, 'second'));
  expect(error).toMatchObject({ code: 'ES3', operation: 'PutObject', s3: { code: 'AccessDenied' } });
  expect(error.history).toHaveLength(1);
  expect(server.received).toHaveLength(2);
});

test('Puts that fail once each do not use up what the client keeps for retries', async () => {
  // A retry costs 5 or more of the strategy's 500 tokens, and gives them back when it succeeds.
  const s3 = await localS3();
  const uploads = s3Put(s3.endpoint);
  await uploads.putBuffer(small, 'first');
  for (let index = 0; index < 150; index += 1) {
    s3.faults.next({ method: 'PUT', resetAfterBytes: 0 });
    expect(await uploads.putBuffer(small, 'key')).toMatchObject({ attempts: 2 });
  }
});

test('A put that is over is over: the client makes no further attempt, and the error does not change', async () => {
  const server = await scripted(store(), () => undefined);
  const uploads = s3Put('', { client: clientFor(server.endpoint, { maxAttempts: 4 }) });
  await uploads.putBuffer(small, 'first');
  const error = await failureOf(uploads.putBuffer(small, 'second', {}, { totalTimeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'ETOTALTIMEOUT', operation: 'PutObject' });
  // As long as its first two retries would have been put off at most.
  const later = Date.now() + 400;
  await waitUntil(() => Date.now() > later, { what: 'the time of retries' });
  expect(error.history).toHaveLength(1);
  expect(server.received).toHaveLength(2);
});

const inASecond = (): Date => new Date(Date.now() + 1000);

test('A provider of credentials that hangs is no reason not to end', async () => {
  const server = await scripted(store());
  let hangs = false;
  const provider = async (): Promise<typeof credentials & { expiration: Date }> => {
    if (hangs) await new Promise(() => undefined);
    return { ...credentials, expiration: inASecond() };
  };
  const uploads = s3Put('', { client: clientFor(server.endpoint, { credentials: provider }) });
  await uploads.putBuffer(small, 'first');
  hangs = true;
  const error = await failureOf(uploads.putBuffer(small, 'second', {}, { totalTimeoutMs: 50 }));
  expect(error).toMatchObject({ code: 'ETOTALTIMEOUT', history: [] });
});

test('A provider of credentials that fails fails the put, in its own words', async () => {
  let fails = false;
  const server = await scripted((...scene) => {
    fails = true;
    return store()(...scene);
  });
  const provider = async (): Promise<typeof credentials & { expiration: Date }> => {
    if (fails) throw Object.assign(new Error('gone'), { name: 'CredentialsProviderError' });
    return { ...credentials, expiration: inASecond() };
  };
  const uploads = s3Put('', { client: clientFor(server.endpoint, { credentials: provider }) });
  // It is asked once more after this is stored, which is no failure of what is stored.
  expect(await uploads.putBuffer(small, 'first')).toMatchObject({ attempts: 1 });
  expect(await failureOf(uploads.putBuffer(small, 'second'))).toMatchObject({ code: 'ECREDENTIALS' });
  expect(server.received).toHaveLength(1);
});

test('Credentials that rotate are used at once, with their session tokens', async () => {
  const server = await scripted(store());
  let turn = 1;
  const provider = async (): Promise<typeof credentials & { sessionToken: string; expiration: Date }> => ({
    accessKeyId: `KEY${turn}`,
    secretAccessKey: `secret ${turn}`,
    sessionToken: `token-${turn}`,
    expiration: inASecond(),
  });
  const uploads = s3Put('', { client: clientFor(server.endpoint, { credentials: provider }) });
  for (turn = 1; turn <= 3; turn += 1) {
    for (const key of ['one', 'two']) await uploads.putBuffer(small, key);
  }
  expect(
    server.received.map(({ url, headers }) => [
      url,
      /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1],
      headers['x-amz-security-token'],
    ]),
  ).toEqual([
    ['/bucket/one?x-id=PutObject', 'KEY1', 'token-1'],
    ['/bucket/two', 'KEY1', 'token-1'],
    ['/bucket/one', 'KEY2', 'token-2'],
    ['/bucket/two', 'KEY2', 'token-2'],
    ['/bucket/one', 'KEY3', 'token-3'],
    ['/bucket/two', 'KEY3', 'token-3'],
  ]);
});

test('The token of credentials that no longer are temporary goes with them', async () => {
  const server = await scripted(store());
  let current: { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date } = {
    ...credentials,
    sessionToken: 'token',
    expiration: inASecond(),
  };
  const uploads = s3Put('', { client: clientFor(server.endpoint, { credentials: async () => current }) });
  for (let index = 0; index < 2; index += 1) await uploads.putBuffer(small, 'key');
  current = credentials;
  for (let index = 0; index < 2; index += 1) await uploads.putBuffer(small, 'key');
  expect(server.received.map(({ headers }) => headers['x-amz-security-token'])).toEqual([
    'token',
    'token',
    undefined,
    undefined,
  ]);
});

test('Credentials that S3 calls expired fail the put, and the next one has those that the provider gives then', async () => {
  const server = await scripted(store(), answer(400, {}, s3Error('ExpiredToken')), store());
  let accessKeyId = 'OLD';
  const provider = async (): Promise<typeof credentials & { expiration: Date }> => ({
    ...credentials,
    accessKeyId,
    expiration: inASecond(),
  });
  const uploads = s3Put('', { client: clientFor(server.endpoint, { credentials: provider }) });
  await uploads.putBuffer(small, 'first');
  const error = await failureOf(uploads.putBuffer(small, 'second'));
  expect(error).toMatchObject({ s3: { code: 'ExpiredToken' }, retryable: false });
  accessKeyId = 'NEW';
  await uploads.putBuffer(small, 'third');
  const used = server.received.map(
    ({ headers }) => /Credential=(\w+)/.exec(headers.authorization ?? '')?.[1],
  );
  expect(used).toEqual(['OLD', 'OLD', 'NEW']);
});
