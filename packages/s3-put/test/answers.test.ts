import { expect, test } from 'vitest';
import { answer, answerAfterBody, s3Error, scripted } from './support/scripted-server.ts';
import type { Scene } from './support/scripted-server.ts';
import { failureOf, s3Put, temporaryFile } from './support/uploads.ts';
import type { S3PutError } from '@silly-face/s3-put';

async function errorAfter(scene: Scene): Promise<S3PutError> {
  const server = await scripted(scene);
  return await failureOf(
    s3Put(server.endpoint).put(await temporaryFile('small', 'cat.jpg'), 'photos/cat.jpg'),
  );
}

test("S3's refusal is told in S3's own words", async () => {
  const headers = { 'x-amz-request-id': 'ID', 'x-amz-id-2': 'HOST-ID' };
  const error = await errorAfter(
    answerAfterBody(403, headers, s3Error('AccessDenied', 'No &lt;you&gt; may &amp;amp; not')),
  );
  expect(error).toMatchObject({
    name: 'S3PutError',
    code: 'ES3',
    source: 's3',
    operation: 'PutObject',
    bucket: 'bucket',
    key: 'photos/cat.jpg',
    statusCode: 403,
    retryable: false,
    s3: {
      code: 'AccessDenied',
      message: 'No <you> may &amp; not',
      requestId: 'ID',
      hostId: 'HOST-ID',
      resource: '/bucket/key',
    },
  });
  expect(error.message).toMatch(
    /^PutObject of ".*cat\.jpg" to s3:\/\/bucket\/photos\/cat\.jpg: S3 answered 403 AccessDenied - No <you>.*\(request id ID\)$/,
  );
});

test('An empty refusal with a request id is S3, one without is somebody else', async () => {
  expect(await errorAfter(answer(403, { 'x-amz-request-id': 'ID' }))).toMatchObject({
    code: 'ES3',
    s3: { requestId: 'ID' },
  });
  const error = await errorAfter(answer(403, {}));
  expect(error).toMatchObject({ code: 'EPROXY', source: 'proxy', statusCode: 403 });
  expect(error.message).toContain('somebody, not S3, answered 403 with an empty body');
});

test('The page of a proxy is named as such, with an excerpt that a person can read', async () => {
  const page =
    '<html><head><title>413 Request Entity Too Large</title><style>b { color: red }</style></head>' +
    '<body><center>nginx says &quot;no&quot;</center></body></html>';
  const error = await errorAfter(
    answerAfterBody(413, { server: 'nginx/1.24.0', 'content-type': 'text/html' }, page),
  );
  expect(error).toMatchObject({
    code: 'EPROXY',
    source: 'proxy',
    statusCode: 413,
    retryable: false,
    proxy: {
      server: 'nginx/1.24.0',
      contentType: 'text/html',
      excerpt: '413 Request Entity Too Large nginx says "no"',
    },
  });
});

test('A 200 that carries no ETag is not believed', async () => {
  const error = await errorAfter(answerAfterBody(200, { server: 'HotelWifi' }, '<html>Please log in</html>'));
  expect(error).toMatchObject({ code: 'EPROXY', statusCode: 200, proxy: { excerpt: 'Please log in' } });
});

test('An error document under a 200 is an error', async () => {
  const error = await errorAfter(answerAfterBody(200, {}, s3Error('InternalError')));
  expect(error).toMatchObject({ code: 'ES3', statusCode: 200, s3: { code: 'InternalError' } });
  expect(error.history).toHaveLength(3);
});

test('A redirect says where the bucket is', async () => {
  const document =
    '<Error><Code>PermanentRedirect</Code><Message>Elsewhere</Message><Endpoint>bucket.s3.example</Endpoint></Error>';
  const error = await errorAfter(answer(301, { 'x-amz-bucket-region': 'eu-west-1' }, document));
  expect(error).toMatchObject({
    statusCode: 301,
    s3: { region: 'eu-west-1', endpoint: 'bucket.s3.example' },
  });
  expect(error.message).toContain('the bucket is in eu-west-1');
});

test('An answer that breaks off is the network', async () => {
  const error = await errorAfter((request, response) => {
    request.resume();
    response.writeHead(403, { 'content-length': '1000' });
    response.write('<Error>', () => request.socket.destroy());
  });
  expect(error).toMatchObject({ code: 'ENETWORK', source: 'network', retryable: true });
});

test('An answer that is no HTTP is the network, and not tried again', async () => {
  const error = await errorAfter((request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  expect(error).toMatchObject({
    code: 'ENETWORK',
    retryable: false,
    cause: { code: 'HPE_INVALID_CONSTANT' },
  });
});

test('A page without end is cut off', async () => {
  const error = await errorAfter((request, response) => {
    request.resume();
    response.writeHead(403, { 'content-type': 'text/plain' });
    const more = (): void => void response.write('x'.repeat(10_000), (gone) => gone ?? more());
    more();
  });
  expect(error).toMatchObject({ code: 'EPROXY', proxy: { contentType: 'text/plain' } });
  expect(error.proxy?.excerpt).toHaveLength(200);
});
