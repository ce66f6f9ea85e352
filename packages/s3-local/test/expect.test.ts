import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { codeOf, send, sendSigned } from './support/raw.ts';
import { bucket, startServer } from './support/server.ts';
import { signedHeaders } from './support/signer.ts';

const path = `/${bucket}/k`;
const waiting = { expect: '100-continue' };

test('a body that is welcome gets one 100, and its connection stays', async () => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'PUT', path, body: 'hello', unsigned: waiting });
  expect([answer.status, answer.continues]).toEqual([200, 1]);
});

test('a refusal comes at once, instead of the 100, and ends the connection', async () => {
  const { port } = await startServer();
  await sendSigned(port, { method: 'PUT', path, body: 'there already' });
  const large = { ...waiting, 'content-length': String(1024 ** 3) };
  const refused = (more: object) => sendSigned(port, { method: 'PUT', path, unsigned: large, ...more });
  const answers = [
    await refused({ credentials: { accessKeyId: 'AKIDLOCAL', secretAccessKey: 'wrong' } }),
    await refused({ path: '/no-such-bucket/k' }),
    await refused({ headers: { 'if-none-match': '*' } }),
    await refused({ headers: { 'content-md5': 'short' } }),
    await send({ port, method: 'PUT', path, headers: { host: 'localhost', ...large } }),
  ];
  expect(answers.map(codeOf)).toEqual([
    'SignatureDoesNotMatch',
    'NoSuchBucket',
    'PreconditionFailed',
    'InvalidDigest',
    'AccessDenied',
  ]);
  for (const { continues, headers } of answers) {
    expect(continues).toBe(0);
    expect(headers.connection).toBe('close');
  }
});

test('a client that sends its body unasked still gets to read the refusal', async () => {
  const { port } = await startServer();
  const host = `127.0.0.1:${port}`;
  const { headers } = signedHeaders({ method: 'PUT', path: '/no-such-bucket/k', host });
  const body = Buffer.alloc(32 * 1024 * 1024);
  const answer = await send({
    port,
    method: 'PUT',
    path: '/no-such-bucket/k',
    headers: { ...headers, 'content-length': String(body.length) },
    body,
  });
  expect([answer.status, codeOf(answer)]).toEqual([404, 'NoSuchBucket']);
});

test('a body that stalls is given up with RequestTimeout', async () => {
  const { port } = await startServer({ idleTimeoutMs: 1_000 });
  const host = `127.0.0.1:${port}`;
  const { headers } = signedHeaders({ method: 'PUT', path, host });
  const request = httpRequest({
    port,
    method: 'PUT',
    path,
    headers: { ...headers, 'content-length': '10' },
    agent: false,
  });
  request.on('error', () => {});
  request.write('half');
  const answer = await new Promise<{ status: number | undefined; body: string }>((resolve) => {
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
        resolve({ status: response.statusCode, body });
      });
      response.on('error', () => {});
    });
  });
  request.destroy();
  expect(answer.status).toBe(400);
  expect(answer.body).toContain('<Code>RequestTimeout</Code>');
});

test('clients that leave in the middle leave nothing behind', async () => {
  const { port, directory } = await startServer();
  const host = `127.0.0.1:${port}`;
  const before = openDescriptors();
  for (let round = 0; round < 20; round++) {
    const { headers } = signedHeaders({ method: 'PUT', path, host });
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.write(`PUT ${path} HTTP/1.1\r\n${head.join('')}content-length: 1000000\r\n\r\nonly so much`);
    await new Promise((resolve) => socket.once('connect', resolve));
    if (round % 2 === 0) socket.resetAndDestroy();
    else socket.destroy();
  }
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed again' });
  await waitUntil(async () => (await readdir(`${directory}/temporary`, { recursive: true })).length === 1, {
    what: 'all temporary files to be gone',
  });
  expect((await sendSigned(port, { method: 'GET', path })).status).toBe(404);
});
