import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { createS3Local } from '@silly-face/s3-local';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { codeOf, sendSigned } from './support/raw.ts';
import { signedHeaders } from './support/signer.ts';
import { bucket, credentials, startClient, startServer, temporaryDirectory } from './support/server.ts';

test('objects outlive the server', async () => {
  const first = await startServer();
  await startClient(first).send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'kept' }));
  await first.close();
  const second = await startServer({ directory: first.directory });
  const got = await startClient(second).send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
  expect(await got.Body?.transformToString()).toBe('kept');
});

test('two servers over one directory see each other, and spare each other what they are writing', async () => {
  const first = await startServer();
  const second = await startServer({ directory: first.directory });
  const [a, b] = [startClient(first), startClient(second)];
  expect(await readdir(`${first.directory}/temporary`)).toHaveLength(2);
  await a.send(new PutObjectCommand({ Bucket: bucket, Key: 'from a', Body: 'x' }));
  await b.send(new PutObjectCommand({ Bucket: bucket, Key: 'from b', Body: 'x' }));
  for (const client of [a, b]) {
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['from a', 'from b']);
  }
});

test('what a server that was killed had been writing is swept away at the next start', async () => {
  const directory = await temporaryDirectory();
  await (await startServer({ directory })).close();
  for (const name of ['999999999-abc', `${process.pid}-0123456789abcdef`, 'nonsense']) {
    await mkdir(`${directory}/temporary/${name}`);
    await writeFile(`${directory}/temporary/${name}/1`, 'half an object');
  }
  await startServer({ directory });
  const names = await readdir(`${directory}/temporary`);
  expect(names).toHaveLength(1);
  expect(await readdir(`${directory}/temporary/${names[0]}`)).toEqual([]);
});

test('a damaged file is an internal error that the operator hears about, not wrong bytes', async () => {
  const heard: Error[] = [];
  const { port, directory } = await startServer({ onError: (error) => heard.push(error) });
  await sendSigned(port, { method: 'PUT', path: `/${bucket}/k`, body: 'hello' });
  const objects = `${directory}/buckets/${bucket}/objects`;
  const file = (await readdir(objects, { recursive: true })).find((name) => name.length > 64);
  await truncate(`${objects}/${file}`, 20);
  const answer = await sendSigned(port, { method: 'GET', path: `/${bucket}/k` });
  expect([answer.status, codeOf(answer)]).toEqual([500, 'InternalError']);
  expect(heard.map(({ message }) => message)).toEqual([expect.stringContaining('is damaged')]);
});

test('an operation may take longer than the idle limit', async () => {
  const { port, faults } = await startServer({ idleTimeoutMs: 1_000 });
  faults.next({ delayMs: 2_000 });
  expect((await sendSigned(port, { method: 'PUT', path: `/${bucket}/k`, body: 'x' })).status).toBe(200);
});

test('a client that stops reading loses its connection, and the file is closed', async () => {
  const patient = await startServer();
  const path = `/${bucket}/k`;
  await sendSigned(patient.port, { method: 'PUT', path, body: Buffer.alloc(32 * 1024 * 1024) });
  const server = await startServer({ directory: patient.directory, idleTimeoutMs: 1_000 });
  const before = openDescriptors();
  const { headers } = signedHeaders({ method: 'GET', path, host: `127.0.0.1:${server.port}` });
  const request = get({ port: server.port, path, headers, agent: false });
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  expect(response.statusCode).toBe(200);
  await waitUntil(async () => (await connections()) === 0, { what: 'the connection to be closed' });
  request.destroy();
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});

test('closing waits for the request that runs, keeps no connection, and leaves nothing behind', async () => {
  const before = openDescriptors();
  const server = await startServer();
  const agent = new Agent({ keepAlive: true });
  const client = startClient(server, { requestHandler: { httpAgent: agent } });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
  const runs = Promise.race(['request', 'checkContinue'].map((asked) => once(server.server, asked)));
  const putting = client.send(
    new PutObjectCommand({ Bucket: bucket, Key: 'k2', Body: Buffer.alloc(4_000_000) }),
  );
  await runs;
  const closing = server.close();
  expect(server.close()).toBe(closing);
  await putting;
  await closing;
  agent.destroy();
  client.destroy();
  expect(await readdir(`${server.directory}/temporary`)).toEqual([]);
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed' });
});

test('the directory of somebody else stays untouched', async () => {
  const directory = await temporaryDirectory();
  await writeFile(`${directory}/thesis.txt`, 'precious');
  await expect(createS3Local({ directory, credentials })).rejects.toMatchObject({
    name: 'S3LocalError',
    code: 'EDIRECTORY',
  });
  expect(await readdir(directory)).toEqual(['thesis.txt']);
  await rm(`${directory}/thesis.txt`);
  await writeFile(`${directory}/s3-local.json`, '{"layout":"s3-local","version":99}');
  await expect(createS3Local({ directory, credentials })).rejects.toMatchObject({ code: 'EDIRECTORY' });
  await expect(
    createS3Local({ directory: `${directory}/s3-local.json/below`, credentials }),
  ).rejects.toMatchObject({ code: 'EDIRECTORY', cause: { code: 'ENOTDIR' } });
});

test('a port in use is named, and nothing is left behind', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const directory = await temporaryDirectory();
  await expect(createS3Local({ directory, credentials, port })).rejects.toMatchObject({
    code: 'ELISTEN',
    message: expect.stringContaining(`127.0.0.1:${port}`),
    cause: { code: 'EADDRINUSE' },
  });
  expect(await readdir(`${directory}/temporary`)).toEqual([]);
  taken.close();
});

test('a unix socket is not something to listen on', async () => {
  const directory = await temporaryDirectory();
  const socket = createSocketServer().listen(`${directory}/socket`);
  await new Promise((resolve) => socket.once('listening', resolve));
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  await expect(createS3Local({ directory: `${directory}/data`, credentials, fd })).rejects.toMatchObject({
    code: 'ELISTEN',
  });
  await new Promise((resolve) => socket.close(resolve));
});

test.each<[string, object, string]>([
  ['no directory', { directory: '' }, 'Expected `directory` to be a non-empty string, got '],
  [
    'no secret',
    { credentials: { accessKeyId: 'a' } },
    'Expected `credentials.secretAccessKey` to be a non-empty string',
  ],
  ['a port too high', { port: 65_536 }, 'Expected `port` to be an integer from 0 to 65535, got 65536'],
  ['a descriptor and a port', { fd: 3, port: 1 }, 'Expected `fd` to come without `host` and `port`, got 3'],
  ['a bad bucket', { buckets: ['Photos'] }, 'Expected `buckets` to be valid bucket names, got Photos'],
  [
    'a domain with a port',
    { domains: ['s3.test:9000'] },
    'Expected `domains` to be host names without a port',
  ],
  ['a negative skew', { maxClockSkewMs: -1 }, 'Expected `maxClockSkewMs` to be a positive number, got -1'],
  ['an unknown option', { folder: 'x' }, 'Unknown option `folder`'],
])('%s is refused before anything happens', async (_, options, message) => {
  const given = { directory: '/nowhere/at/all', credentials, ...options };
  await expect(createS3Local(given)).rejects.toMatchObject({
    code: 'EINVALIDOPTION',
    message: expect.stringContaining(message),
  });
});
