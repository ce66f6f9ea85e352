// What the rows of s3 rest on: that the sink finds the end of every body and counts what came.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { certificate } from '@silly-face/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Counts, Ports } from '../src/s3/sink.ts';

let sink: ChildProcess;
let ports: Ports;

beforeAll(async () => {
  sink = fork(fileURLToPath(new URL('../dist/s3/sink.js', import.meta.url)));
  [ports] = (await once(sink, 'message')) as [Ports];
});

afterAll(async () => {
  const exited = once(sink, 'exit');
  sink.disconnect();
  await exited;
});

test.each([
  ['http', 3 * 2 ** 20],
  ['https', 3 * 2 ** 20],
  ['http', 0],
] as const)('A body over %s of %i bytes is counted, and its checksum sent back', async (scheme, bytes) => {
  const answer = await put(scheme, '/sink/key', Buffer.alloc(bytes, 'face'), {
    'content-length': bytes,
    'x-amz-checksum-crc32': 'AAAAAA==',
  });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({ etag: '"sink-1"', 'x-amz-checksum-crc32': 'AAAAAA==' });
  expect(await counts()).toEqual({ requests: 1, connections: 1, bodyBytes: bytes });
});

test('Requests may come in pieces of any size, or several in one', async () => {
  const head = 'PUT /sink/key HTTP/1.1\r\nHost: sink\r\n';
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n5;name=value\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`;
  const whole = `${head}Content-Length: 5\r\n\r\nhello`;
  const socket = connect({ port: ports.http, host: '127.0.0.1', noDelay: true });
  let answered = '';
  socket.on('data', (chunk: Buffer) => void (answered += chunk.toString()));
  for (const byte of chunked + whole) await new Promise((resolve) => socket.write(byte, resolve));
  await new Promise((resolve) => socket.end(chunked + whole + whole, () => resolve(undefined)));
  await once(socket, 'close');
  expect(answered.match(/^HTTP\/1\.1 200 OK/gm)).toHaveLength(5);
  const framedBytes = chunked.length - chunked.indexOf('5;name');
  expect(await counts()).toEqual({ requests: 5, connections: 1, bodyBytes: 2 * framedBytes + 3 * 5 });
});

test('Who asks gets 100 Continue first', async () => {
  const socket = connect(ports.http, '127.0.0.1');
  socket.write('PUT /sink/key HTTP/1.1\r\nHost: sink\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('hello');
  const [second] = (await once(socket, 'data')) as [Buffer];
  expect(second.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
  expect(await counts()).toMatchObject({ requests: 1, bodyBytes: 5 });
});

test('A forbidden bucket is refused before the body, which is counted until the client gives up', async () => {
  const socket = connect(ports.http, '127.0.0.1');
  const head =
    'PUT /forbidden/key HTTP/1.1\r\nHost: sink\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n';
  socket.write(head);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*<Code>AccessDenied<\/Code>/);
  const counted = counts();
  socket.end('hello');
  expect(await counted).toMatchObject({ requests: 1, bodyBytes: 5 });
});

async function counts(): Promise<Counts> {
  sink.send('count');
  const [counts] = (await once(sink, 'message')) as [Counts];
  return counts;
}

async function put(
  scheme: 'http' | 'https',
  path: string,
  body: Buffer,
  headers: RequestOptions['headers'],
): Promise<IncomingMessage> {
  const { request } = scheme === 'http' ? http : https;
  const options = {
    host: '127.0.0.1',
    port: ports[scheme],
    path,
    method: 'PUT',
    headers,
    ca: certificate.cert,
  };
  const sent = request({ ...options, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  await once(answer.resume(), 'end');
  return answer;
}
