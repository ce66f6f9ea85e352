import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { Agent } from 'node:http';
import { createConnection } from 'node:net';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { answer, s3Error, scripted, store } from './support/scripted-server.ts';
import type { ScriptedServer } from './support/scripted-server.ts';
import { credentials, failureOf, MiB, s3Put, someBytes } from './support/uploads.ts';

const small = Buffer.from('small');

function clientWith(config: S3ClientConfig): S3Client {
  const client = new S3Client({ credentials, region: 'us-east-1', ...config });
  onTestFinished(() => client.destroy());
  return client;
}

/** Everything goes to one server, whatever host it is for. */
function everythingTo({ port }: ScriptedServer, isSecure: boolean): Agent {
  const agent = new Agent({ keepAlive: true });
  // Without TLS, which the client insists on for AWS.
  const own = { createConnection: () => createConnection(port, '127.0.0.1') };
  Object.assign(agent, own, isSecure && { protocol: 'https:' });
  onTestFinished(() => agent.destroy());
  return agent;
}

test.each([
  [
    'an endpoint in path style',
    { endpoint: 'http://s3.test:9000/', forcePathStyle: true },
    's3.test:9000',
    '/bucket/',
  ],
  [
    'an endpoint with a path',
    { endpoint: 'http://s3.test/store/', forcePathStyle: true },
    's3.test',
    '/store/bucket/',
  ],
  ['an endpoint in virtual-host style', { endpoint: 'http://s3.test' }, 'bucket.s3.test', '/'],
  ['AWS', {}, 'bucket.s3.us-east-1.amazonaws.com', '/'],
  ['AWS in path style', { forcePathStyle: true }, 's3.us-east-1.amazonaws.com', '/bucket/'],
  ['acceleration', { useAccelerateEndpoint: true }, 'bucket.s3-accelerate.amazonaws.com', '/'],
  ['dual stack', { useDualstackEndpoint: true }, 'bucket.s3.dualstack.us-east-1.amazonaws.com', '/'],
  ['FIPS', { useFipsEndpoint: true }, 'bucket.s3-fips.us-east-1.amazonaws.com', '/'],
] as [string, S3ClientConfig, string, string][])(
  'With %s every put goes to the host that the client chose',
  async (_, config, host, folder) => {
    const server = await scripted(store());
    const client = clientWith(config);
    const send = vi.spyOn(client, 'send');
    const uploads = s3Put('', { client, agent: everythingTo(server, config.endpoint === undefined) });
    for (const key of ['one', 'a/two', 'three']) await uploads.putBuffer(small, key);
    expect(send).toHaveBeenCalledTimes(1);
    expect(server.received.map(({ headers, url }) => [headers.host, url.split('?')[0]])).toEqual([
      [host, `${folder}one`],
      [host, `${folder}a/two`],
      [host, `${folder}three`],
    ]);
  },
);

test('An access point is a bucket like others', async () => {
  const server = await scripted(store());
  const bucket = 'arn:aws:s3:us-east-1:123456789012:accesspoint/mine';
  const uploads = s3Put('', { client: clientWith({}), bucket, agent: everythingTo(server, true) });
  for (const key of ['one', 'a/two']) await uploads.putBuffer(small, key);
  const host = 'mine-123456789012.s3-accesspoint.us-east-1.amazonaws.com';
  expect(server.received.map(({ headers, url }) => [headers.host, url.split('?')[0]])).toEqual([
    [host, '/one'],
    [host, '/a/two'],
  ]);
});

test('Every put to a directory bucket goes through the client, with the session that this has', async () => {
  const server = await scripted(store({ etag: '"opaque"' }));
  const session =
    '<CreateSessionResult><Credentials><SessionToken>session</SessionToken><SecretAccessKey>s</SecretAccessKey>' +
    `<AccessKeyId>SESSION</AccessKeyId><Expiration>${new Date(Date.now() + 300_000).toISOString()}</Expiration>` +
    '</Credentials></CreateSessionResult>';
  // Only the client itself asks for sessions, over a connection of its own.
  const requestHandler = {
    handle: async () => ({ response: { statusCode: 200, headers: {}, body: Readable.from([session]) } }),
  } as unknown as NonNullable<S3ClientConfig['requestHandler']>;
  const client = clientWith({ requestHandler });
  const bucket = 'mine--use1-az4--x-s3';
  const uploads = s3Put('', { client, bucket, agent: everythingTo(server, true) });
  for (const key of ['one', 'two', 'three']) await uploads.putBuffer(small, key);
  expect(server.received.map(({ headers }) => headers['x-amz-s3session-token'])).toEqual([
    'session',
    'session',
    'session',
  ]);
  expect(server.received.map(({ url }) => url)).toEqual(
    ['one', 'two', 'three'].map((key) => `/${key}?x-id=PutObject`),
  );
});

test('A multi-region access point is refused by a client that cannot sign for it, each time', async () => {
  const client = clientWith({});
  const send = vi.spyOn(client, 'send');
  const uploads = s3Put('', { client, bucket: 'arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap' });
  for (const key of ['one', 'two']) {
    expect(await failureOf(uploads.putBuffer(small, key))).toMatchObject({ code: 'ECLIENT', history: [] });
  }
  expect(send).toHaveBeenCalledTimes(2);
});

const redirected = (region: string, code: string, status: number) =>
  answer(status, { 'x-amz-bucket-region': region }, s3Error(code));

test.each([
  ['PermanentRedirect', 301],
  ['IllegalLocationConstraintException', 400],
])(
  'A bucket that moves is followed on %s when the client follows, and the next put knows the way',
  async (code, status) => {
    const server = await scripted(store(), store(), redirected('eu-west-1', code, status), store());
    const client = clientWith({ endpoint: server.endpoint, followRegionRedirects: true });
    const uploads = s3Put('', { client });
    for (const key of ['one', 'two', 'three', 'four']) await uploads.putBuffer(small, key);
    const regions = server.received.map(
      ({ headers }) => /\d{8}\/([\w-]+)\/s3/.exec(headers.authorization ?? '')?.[1],
    );
    expect(regions).toEqual(['us-east-1', 'us-east-1', 'us-east-1', 'eu-west-1', 'eu-west-1']);
    expect(server.received.at(-1)?.url).toBe('/bucket/four');
  },
);

test.each([
  ['PermanentRedirect', 301],
  ['TemporaryRedirect', 307],
  ['AuthorizationHeaderMalformed', 400],
])('A bucket that moves without being followed is an error that says where, on %s', async (code, status) => {
  const server = await scripted(store(), redirected('eu-west-1', code, status));
  const uploads = s3Put(server.endpoint);
  await uploads.putBuffer(small, 'one');
  const error = await failureOf(uploads.putBuffer(small, 'two'));
  expect(error).toMatchObject({ code: 'ES3', statusCode: status, s3: { code, region: 'eu-west-1' } });
  expect(error.message).toContain('the bucket is in eu-west-1');
  expect(error.history).toHaveLength(1);
});

test('A clock that goes wrong is corrected, also for the puts that follow', async () => {
  const s3 = await localS3();
  const client = clientWith({ endpoint: s3.endpoint });
  const uploads = s3Put('', { client });
  await uploads.putBuffer(small, 'one');
  // As if this machine's clock had been set back by an hour.
  client.config.systemClockOffset = -3_600_000;
  expect(await uploads.putBuffer(small, 'two')).toMatchObject({ attempts: 2 });
  expect(Math.abs(client.config.systemClockOffset)).toBeLessThan(60_000);
  const before = s3.requests.length;
  for (const key of ['three', 'four'])
    expect(await uploads.putBuffer(small, key)).toMatchObject({ attempts: 1 });
  expect(s3.requests).toHaveLength(before + 2);
});

test('Files of several MiB go without the client, too', async () => {
  const s3 = await localS3();
  const client = clientWith({ endpoint: s3.endpoint });
  const send = vi.spyOn(client, 'send');
  const uploads = s3Put('', { client });
  for (const key of ['one', 'two', 'three']) await uploads.putBuffer(someBytes(3 * MiB), key);
  expect(send).toHaveBeenCalledTimes(1);
});
