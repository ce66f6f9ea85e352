import { HeadBucketCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, send, sendSigned } from './support/raw.ts';
import { bucket, credentials, startClient, startServer } from './support/server.ts';
import { presignedPath, signedHeaders } from './support/signer.ts';

const hour = 3_600_000;

test('a wrong secret, an unknown key and no signature at all are told apart', async () => {
  const server = await startServer();
  const as = (accessKeyId: string, secretAccessKey: string) =>
    startClient(server, { credentials: { accessKeyId, secretAccessKey } }).send(new ListBucketsCommand({}));
  await expect(as(credentials.accessKeyId, 'wrong')).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
    $metadata: { httpStatusCode: 403 },
  });
  await expect(as('UNKNOWN', credentials.secretAccessKey)).rejects.toMatchObject({
    name: 'InvalidAccessKeyId',
    AWSAccessKeyId: 'UNKNOWN',
  });
  const bare = await send({ port: server.port, method: 'GET', path: '/', headers: { host: 'localhost' } });
  expect([bare.status, codeOf(bare)]).toEqual([403, 'AccessDenied']);
});

test('an error is XML with code, message, resource and the ids that the headers repeat', async () => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'GET', path: `/${bucket}/a%20%26b` });
  expect(answer.headers['content-type']).toBe('application/xml');
  const { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId } = answer.headers;
  expect(requestId).toMatch(/^[0-9A-F]{16}$/);
  expect(answer.body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>' +
      `<Key>a &amp;b</Key><Resource>/photos/a%20%26b</Resource><RequestId>${String(requestId)}</RequestId><HostId>${String(hostId)}</HostId></Error>`,
  );
});

test('clocks may differ by the allowed skew, and no more', async () => {
  const { port } = await startServer({ maxClockSkewMs: hour });
  const at = (offsetMs: number) =>
    sendSigned(port, { method: 'GET', path: '/', date: new Date(Date.now() + offsetMs) });
  expect((await at(-hour / 2)).status).toBe(200);
  expect((await at(hour / 2)).status).toBe(200);
  for (const offsetMs of [-2 * hour, 2 * hour]) {
    const answer = await at(offsetMs);
    expect([answer.status, codeOf(answer)]).toEqual([403, 'RequestTimeTooSkewed']);
    expect(answer.body).toContain('<MaxAllowedSkewMilliseconds>3600000</MaxAllowedSkewMilliseconds>');
  }
});

test('another region is named together with the right one', async () => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'GET', path: '/', region: 'eu-west-1' });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'AuthorizationHeaderMalformed']);
  expect(answer.body).toContain("the region 'eu-west-1' is wrong; expecting 'us-east-1'");
});

test('what is changed on the way no longer fits the signature', async () => {
  const { port } = await startServer();
  const host = `127.0.0.1:${port}`;
  const { headers } = signedHeaders({
    method: 'PUT',
    path: `/${bucket}/k`,
    host,
    headers: { 'x-amz-meta-a': '1' },
  });
  const change = (more: object) =>
    send({
      port,
      method: 'PUT',
      path: `/${bucket}/k`,
      headers: { ...headers, 'content-length': '0' },
      ...more,
    });
  expect((await change({})).status).toBe(200);
  expect(codeOf(await change({ path: `/${bucket}/other` }))).toBe('SignatureDoesNotMatch');
  expect(codeOf(await change({ method: 'DELETE' }))).toBe('SignatureDoesNotMatch');
  expect(codeOf(await change({ headers: { ...headers, 'x-amz-meta-a': '2' } }))).toBe(
    'SignatureDoesNotMatch',
  );
  const unsigned = await change({ headers: { ...headers, 'x-amz-meta-b': '1' } });
  expect(codeOf(unsigned)).toBe('AccessDenied');
  expect(unsigned.body).toContain('<HeadersNotSigned>x-amz-meta-b</HeadersNotSigned>');
});

test('a session token that was never issued is refused', async () => {
  const server = await startServer();
  const client = startClient(server, { credentials: { ...credentials, sessionToken: 'token' } });
  await expect(client.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'InvalidToken' });
});

test('a presigned URL writes and reads until it expires', async () => {
  const { port } = await startServer();
  const host = `127.0.0.1:${port}`;
  const key = `/${bucket}/link%20ed`;
  const put = presignedPath({ method: 'PUT', path: `${key}?x-amz-meta-who=me`, host });
  const written = await send({
    port,
    method: 'PUT',
    path: put,
    headers: { host, 'content-length': '2' },
    body: 'hi',
  });
  expect(written.status).toBe(200);

  const disposition = 'response-content-disposition=attachment%3B%20filename%3D%22a.txt%22';
  const get = presignedPath({ method: 'GET', path: `${key}?${disposition}`, host });
  const read = await send({ port, method: 'GET', path: get, headers: { host } });
  expect([read.status, read.body]).toEqual([200, 'hi']);
  expect(read.headers).toMatchObject({
    'content-disposition': 'attachment; filename="a.txt"',
    'x-amz-meta-who': 'me',
  });

  const old = presignedPath({
    method: 'GET',
    path: key,
    host,
    date: new Date(Date.now() - 2 * hour),
    expiresSeconds: 60,
  });
  const expired = await send({ port, method: 'GET', path: old, headers: { host } });
  expect([expired.status, codeOf(expired)]).toEqual([403, 'AccessDenied']);
  expect(expired.body).toContain('<Message>Request has expired</Message>');
});

test('a presigned URL is good for what it was signed for, only', async () => {
  const { port } = await startServer();
  const host = `127.0.0.1:${port}`;
  const path = presignedPath({ method: 'GET', path: `/${bucket}/k`, host });
  const code = async (method: string, changed: string, headers = {}): Promise<string | undefined> =>
    codeOf(await send({ port, method, path: changed, headers: { host, ...headers } }));
  expect(await code('GET', path)).toBe('NoSuchKey');
  expect(await code('DELETE', path)).toBe('SignatureDoesNotMatch');
  expect(await code('GET', path.replace('/k?', '/other?'))).toBe('SignatureDoesNotMatch');
  expect(await code('GET', path.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).toBe(
    'SignatureDoesNotMatch',
  );
  expect(await code('GET', `${path}&response-content-type=text%2Fhtml`)).toBe('SignatureDoesNotMatch');
  expect(await code('GET', path, { 'x-amz-meta-a': '1' })).toBe('AccessDenied');
  expect(await code('GET', path.replace('X-Amz-Expires=60', 'X-Amz-Expires=604801'))).toBe(
    'AuthorizationQueryParametersError',
  );
  expect(await code('GET', path.replace(/&X-Amz-Date=\w+/, ''))).toBe('AuthorizationQueryParametersError');
  const { headers } = signedHeaders({ method: 'GET', path, host });
  expect(await code('GET', path, headers)).toBe('InvalidArgument');
});

test('what a presigned URL smuggles into headers is refused, not stored', async () => {
  const { port } = await startServer();
  const host = `127.0.0.1:${port}`;
  const code = async (method: string, query: string): Promise<string | undefined> => {
    const path = presignedPath({ method, path: `/${bucket}/k?${query}`, host });
    return codeOf(await send({ port, method, path, headers: { host, 'content-length': '0' } }));
  };
  expect(await code('PUT', 'x-amz-meta-a=1%0D%0Ax-injected%3A%202')).toBe('InvalidArgument');
  expect(await code('PUT', 'x-amz-meta-a%20b=1')).toBe('InvalidArgument');
  expect(await code('PUT', 'x-amz-meta-a=1')).toBeUndefined();
  expect(await code('GET', 'response-content-type=a%0D%0Ab')).toBe('InvalidArgument');
});

test('a bucket may come with the host, too', async () => {
  const server = await startServer();
  const client = startClient(server);
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'a/b', Body: 'hello' }));
  const host = `${bucket}.localhost:${server.port}`;
  const { headers } = signedHeaders({ method: 'GET', path: '/a/b', host });
  const answer = await send({ port: server.port, method: 'GET', path: '/a/b', headers });
  expect([answer.status, answer.body]).toEqual([200, 'hello']);
  const elsewhere = startClient(server, { region: 'eu-west-1' });
  await expect(elsewhere.send(new HeadBucketCommand({ Bucket: bucket }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 400 },
  });
});
