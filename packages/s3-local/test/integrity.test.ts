import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { ChecksumAlgorithm, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, send, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';
import { sha256, signedChunks, signedHeaders } from './support/signer.ts';

const path = `/${bucket}/k`;
const md5 = (text: string): string => createHash('md5').update(text).digest('base64');

test.each([
  ChecksumAlgorithm.CRC32,
  ChecksumAlgorithm.CRC32C,
  ChecksumAlgorithm.SHA1,
  ChecksumAlgorithm.SHA256,
])('the SDK and this server agree about %s', async (algorithm) => {
  const client = startClient(await startServer());
  const body = randomBytes(100_000);
  const put = await client.send(
    new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body, ChecksumAlgorithm: algorithm }),
  );
  const name = `Checksum${algorithm}` as const;
  expect(put[name]).toBeTypeOf('string');
  // The SDK verifies what it reads against this very header.
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
  expect(got[name]).toBe(put[name]);
  expect(body.equals(Buffer.from((await got.Body?.transformToByteArray()) ?? []))).toBe(true);
});

test.each([
  ['crc32', 'y/Q5Jg=='],
  ['crc32c', '4waSgw=='],
  ['crc64nvme', 'rosUhgp5mIg='],
  ['sha1', '98O8HYCOBHMq32eZZczDTKeuNEE='],
])('%s has the value that its definition gives for "123456789"', async (algorithm, value) => {
  const { port } = await startServer();
  const header = `x-amz-checksum-${algorithm}`;
  const put = await sendSigned(port, {
    method: 'PUT',
    path,
    headers: { [header]: value },
    body: '123456789',
  });
  expect([put.status, put.headers[header]]).toEqual([200, value]);
  const got = await sendSigned(port, { method: 'GET', path, headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  expect(got.headers).toMatchObject({ [header]: value, 'x-amz-checksum-type': 'FULL_OBJECT' });
});

test.each<[string, Record<string, string>, number, string]>([
  ['a wrong MD5', { 'content-md5': md5('other') }, 400, 'BadDigest'],
  ['no MD5 at all', { 'content-md5': 'short' }, 400, 'InvalidDigest'],
  ['a wrong CRC32', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 400, 'BadDigest'],
  ['a CRC32 of the wrong size', { 'x-amz-checksum-crc32': 'AAAA' }, 400, 'InvalidRequest'],
  [
    'two checksums',
    { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' },
    400,
    'InvalidRequest',
  ],
  [
    'an announced checksum that is missing',
    { 'x-amz-sdk-checksum-algorithm': 'CRC32' },
    400,
    'InvalidRequest',
  ],
])('%s stores nothing', async (_, headers, status, code) => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'PUT', path, headers, body: 'hello' });
  expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  expect((await sendSigned(port, { method: 'GET', path })).status).toBe(404);
});

test('the SHA-256 of a signed payload is verified', async () => {
  const { port } = await startServer();
  const put = (body: string) => sendSigned(port, { method: 'PUT', path, payloadHash: sha256('hello'), body });
  expect((await put('hello')).status).toBe(200);
  expect(codeOf(await put('hellO'))).toBe('XAmzContentSHA256Mismatch');
  expect(codeOf(await sendSigned(port, { method: 'PUT', path, payloadHash: 'md5', body: 'x' }))).toBe(
    'InvalidArgument',
  );
});

test('a body needs a size', async () => {
  const { port } = await startServer();
  const chunked = { unsigned: { 'transfer-encoding': 'chunked' } };
  expect((await sendSigned(port, { method: 'PUT', path, ...chunked })).status).toBe(501);
  const { headers } = signedHeaders({ method: 'PUT', path, host: `127.0.0.1:${port}` });
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect({ port, host: '127.0.0.1' });
  socket.end(`PUT ${path} HTTP/1.1\r\n${head.join('')}\r\n`);
  expect(await text(socket)).toContain('HTTP/1.1 411 Length Required');
  const tooLarge = await sendSigned(port, {
    method: 'PUT',
    path,
    unsigned: { 'content-length': String(5 * 1024 ** 3 + 1), expect: '100-continue' },
  });
  expect([tooLarge.continues, codeOf(tooLarge)]).toEqual([0, 'EntityTooLarge']);
});

const chunks = [Buffer.alloc(8192, 1), Buffer.alloc(10_000, 2), Buffer.alloc(5, 3)];
const whole = Buffer.concat(chunks);
const crc = Buffer.alloc(4);
crc.writeUInt32BE(crc32(whole));

function signedUpload(port: number, trailers: Record<string, string> = {}) {
  const names = Object.keys(trailers);
  const seed = signedHeaders({
    method: 'PUT',
    path,
    host: `127.0.0.1:${port}`,
    payloadHash: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${names.length > 0 ? '-TRAILER' : ''}`,
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(whole.length),
      ...(names.length > 0 && { 'x-amz-trailer': names.join(',') }),
    },
  });
  const upload = (body: Buffer) =>
    send({
      port,
      method: 'PUT',
      path,
      headers: { ...seed.headers, 'content-length': String(body.length) },
      body,
    });
  return { seed, upload };
}

test('signed chunks are taken, with and without signed trailers', async () => {
  const { port } = await startServer();
  const plain = signedUpload(port);
  expect((await plain.upload(signedChunks(plain.seed, chunks))).status).toBe(200);
  const trailers = { 'x-amz-checksum-crc32': crc.toString('base64') };
  const trailing = signedUpload(port, trailers);
  const answer = await trailing.upload(signedChunks(trailing.seed, chunks, trailers));
  expect([answer.status, answer.headers['x-amz-checksum-crc32']]).toEqual([200, crc.toString('base64')]);
  const got = await sendSigned(port, { method: 'GET', path });
  expect(got.body).toBe(whole.toString());
  expect(got.headers['content-encoding']).toBeUndefined();
});

test('a signed chunk that was changed, left out or doubled is noticed, and so is a trailer', async () => {
  const { port } = await startServer();
  const codeFor = async (change: (body: Buffer) => Buffer, trailers: Record<string, string> = {}) => {
    const { seed, upload } = signedUpload(port, trailers);
    return codeOf(await upload(change(signedChunks(seed, chunks, trailers))));
  };
  const replaced = (from: string, to: string) => (body: Buffer) =>
    Buffer.from(body.toString('latin1').replace(from, to), 'latin1');
  expect(await codeFor(replaced('\u0001\u0001', '\u0001\u0004'))).toBe('SignatureDoesNotMatch');
  const firstChunkBytes = '2000;chunk-signature='.length + 64 + 2 + 8192 + 2;
  expect(await codeFor((body) => body.subarray(firstChunkBytes))).toBe('SignatureDoesNotMatch');
  expect(await codeFor((body) => Buffer.concat([body.subarray(0, firstChunkBytes), body]))).toBe(
    'SignatureDoesNotMatch',
  );
  expect(await codeFor((body) => body.subarray(0, 12_000))).toBe('IncompleteBody');
  const trailers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
  expect(await codeFor((body) => body, trailers)).toBe('BadDigest');
  expect(await codeFor(replaced('AAAAAA==', 'AAAAAQ=='), trailers)).toBe('SignatureDoesNotMatch');
  expect((await sendSigned(port, { method: 'GET', path })).status).toBe(404);
});

test('unsigned chunks are held against their trailer, their size and their declared length', async () => {
  const { port } = await startServer();
  const codeFor = async (body: string, length: number, more = {}) =>
    codeOf(
      await sendSigned(port, {
        method: 'PUT',
        path,
        payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: {
          'x-amz-decoded-content-length': String(length),
          'x-amz-trailer': 'x-amz-checksum-crc32',
          ...more,
        },
        body,
      }),
    );
  expect(await codeFor('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 5)).toBeUndefined();
  expect(await codeFor('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 5)).toBe('BadDigest');
  expect(await codeFor('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 6)).toBe('IncompleteBody');
  expect(await codeFor('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 4)).toBe('IncompleteBody');
  expect(await codeFor('5\r\nhello\r\n0\r\n\r\n', 5)).toBe('MalformedTrailerError');
  expect(await codeFor('5\r\nhello\r\n0\r\nx-amz-checksum-sha1:NhCmhg==\r\n\r\n', 5)).toBe(
    'MalformedTrailerError',
  );
  expect(await codeFor('2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 5)).toBe(
    'InvalidChunkSizeError',
  );
  expect(await codeFor('nonsense', 5)).toBe('IncompleteBody');
  expect(await codeFor('5\r\nhello\r\n0\r\n\r\n', 5, { 'x-amz-trailer': 'x-amz-meta-a' })).toBe(
    'InvalidRequest',
  );
});
