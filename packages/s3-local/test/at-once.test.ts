import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';
import { signedHeaders } from './support/signer.ts';
import { begin, target } from './support/upload.ts';

async function temporaryFiles(directory: string): Promise<string[]> {
  const [own] = await readdir(`${directory}/temporary`);
  return readdir(`${directory}/temporary/${own}`);
}

test('requests that come one behind the other on a connection are done in that order', async () => {
  const { port } = await startServer();
  const path = `/${bucket}/k`;
  const head = (method: string, length: number): string => {
    const { headers } = signedHeaders({ method, path, host: `127.0.0.1:${port}` });
    const lines = Object.entries({ ...headers, 'content-length': String(length) });
    return `${method} ${path} HTTP/1.1\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n`;
  };
  const socket = connect({ port, host: '127.0.0.1' });
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    const body = `round ${String(round).padStart(2, '0')}`;
    socket.write(`${head('PUT', body.length)}${body}${head('GET', 0)}${head('DELETE', 0)}${head('GET', 0)}`);
  }
  let received = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (received += piece));
  await waitUntil(() => received.split('<Code>NoSuchKey</Code>').length > rounds, { what: 'all answers' });
  socket.destroy();
  const statuses = [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  expect(statuses).toEqual(Array.from({ length: rounds }, () => ['200', '200', '204', '404']).flat());
  const bodies = [...received.matchAll(/round (\d\d)/g)].map(([, round]) => Number(round));
  expect(bodies).toEqual(Array.from({ length: rounds }, (_, round) => round));
});

test('of many attempts to complete an upload, one succeeds', async () => {
  const { directory, ...server } = await startServer();
  const client = startClient(server);
  const { part, complete } = await begin(client);
  const parts = [await part(1, Buffer.from('x'))];
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => complete(parts)));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(failures.map(({ name }: Error) => name)).toEqual(Array.from({ length: 9 }, () => 'NoSuchUpload'));
  expect(await temporaryFiles(directory)).toEqual([]);
});

test('a part that is still coming when its upload is aborted is refused, and leaves nothing', async () => {
  const { directory, port, ...server } = await startServer();
  const client = startClient(server);
  const { upload } = await begin(client);
  const path = `/${bucket}/big%20file?partNumber=1&uploadId=${upload.UploadId}`;
  const { headers } = signedHeaders({ method: 'PUT', path, host: `127.0.0.1:${port}` });
  const part = httpRequest({
    port,
    method: 'PUT',
    path,
    headers: { ...headers, 'content-length': '8' },
    agent: false,
  });
  part.write('half');
  await waitUntil(async () => (await temporaryFiles(directory)).length === 1, { what: 'the part to come' });
  await client.send(new AbortMultipartUploadCommand(upload));
  part.end('more');
  const [response] = (await once(part, 'response')) as [IncomingMessage];
  expect(await text(response)).toContain('<Code>NoSuchUpload</Code>');
  expect(response.statusCode).toBe(404);
  expect(await temporaryFiles(directory)).toEqual([]);
  expect(await readdir(`${directory}/buckets/${bucket}/uploads`)).toEqual([]);
});

test('whatever meets whatever, no answer is an internal error', async () => {
  const heard: Error[] = [];
  const { directory, ...server } = await startServer({ onError: (error) => heard.push(error) });
  const client = startClient(server);
  const there = { Bucket: 'comes-and-goes', Key: 'k' };
  const asks: (() => Promise<unknown>)[] = [
    () => client.send(new CreateBucketCommand(there)),
    () => client.send(new PutObjectCommand({ ...there, Body: 'x' })),
    () => client.send(new PutObjectCommand({ ...there, Body: 'x', IfNoneMatch: '*' })),
    () => client.send(new PutObjectTaggingCommand({ ...there, Tagging: { TagSet: [] } })),
    async () => (await client.send(new GetObjectCommand(there))).Body?.transformToByteArray(),
    () => client.send(new ListObjectsV2Command(there)),
    () => client.send(new ListMultipartUploadsCommand(there)),
    async () => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(there));
      const upload = { ...there, UploadId };
      await Promise.allSettled([
        client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' })),
        client.send(new ListPartsCommand(upload)),
        client.send(new AbortMultipartUploadCommand(upload)),
      ]);
    },
    () => client.send(new DeleteObjectCommand(there)),
    () => client.send(new DeleteBucketCommand(there)),
  ];
  const names: string[] = [];
  for (let round = 0; round < 8; round++) {
    const results = await Promise.allSettled([...asks, ...asks.toReversed()].map((ask) => ask()));
    names.push(
      ...results.map((result) => (result.status === 'rejected' ? (result.reason as Error).name : 'ok')),
    );
  }
  expect(names).not.toContain('InternalError');
  expect(heard).toEqual([]);
  expect(await temporaryFiles(directory)).toEqual([]);
  expect((await sendSigned(server.port, { method: 'HEAD', path: `/${target.Bucket}` })).status).toBe(200);
});
