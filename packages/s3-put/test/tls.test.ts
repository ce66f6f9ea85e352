import { once } from 'node:events';
import { Agent, createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { certificate } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

test('Over TLS a large body is asked for and sent, with the certificates of a given agent', async () => {
  const content = someBytes(5 * MiB);
  const bodies: Buffer[] = [];
  const server = createServer(certificate).on('checkContinue', (request, response) => {
    response.writeContinue();
    void request.toArray().then((chunks: Buffer[]) => {
      bodies.push(Buffer.concat(chunks));
      return response.writeHead(200, { etag: '"opaque-1"' }).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => void (await once(server.close(), 'close')));
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = await temporaryFile(content);

  const agent = new Agent({ ca: certificate.cert, keepAlive: true });
  await s3Put(endpoint, { agent }).put(path, 'key');
  agent.destroy();
  expect(bodies.map((body) => body.equals(content))).toEqual([true]);

  const error = await failureOf(s3Put(endpoint).put(path, 'key'));
  expect(error).toMatchObject({
    code: 'ENETWORK',
    retryable: false,
    cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  });
  expect(error.history).toHaveLength(1);
});

test('A TLS handshake that never ends is ECONNECTTIMEOUT', async () => {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => void open.add(socket.on('error', () => undefined).resume()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    await once(server.close(), 'close');
  });
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const error = await failureOf(
    s3Put(endpoint, { connectTimeoutMs: 100 }).put(await temporaryFile('small'), 'key'),
  );
  expect(error).toMatchObject({ code: 'ECONNECTTIMEOUT', retryable: true });
});
