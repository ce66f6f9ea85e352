import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, send, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer, temporaryDirectory } from './support/server.ts';
import { signedHeaders } from './support/signer.ts';

const oddKeys = [
  '..',
  '../..',
  '../../../escaped',
  '.',
  './a',
  '/leading',
  '//',
  'trailing/',
  'a//b',
  'back\\slash',
  'nul\0inside',
  'line\nbreak',
  'percent%2F',
  'plus+space ',
  '<&>"\'',
  'straße/日本語/😀',
  'caf\u00E9',
  'cafe\u0301',
  'con',
  'a:b*c?d',
  'long/'.repeat(204) + 'abcd',
  'ü'.repeat(512),
];

const encode = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('.', '%2E');

test('any key of up to 1,024 bytes is stored, listed, read and deleted, and stays in the directory', async () => {
  const around = await temporaryDirectory();
  const directory = `${around}/one/two/data`;
  const { port, ...server } = await startServer({ directory });
  // A dot may be sent as it is or encoded; the signature is made over the one canonical form.
  const path = (key: string): string => `/${bucket}/${encode(key).replaceAll('%2E', '.')}`;
  for (const key of oddKeys) {
    const put = await sendSigned(port, { method: 'PUT', path: path(key), body: `the body of ${key}` });
    expect([key, put.status]).toEqual([key, 200]);
  }
  for (const key of oddKeys) {
    const got = await sendSigned(port, { method: 'GET', path: path(key) });
    expect(got.body).toBe(`the body of ${key}`);
  }
  const client = startClient(server);
  const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, EncodingType: 'url' }));
  const keys = listed.Contents?.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' ')));
  expect(keys).toEqual(oddKeys.toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b))));
  for (const key of oddKeys) {
    expect((await sendSigned(port, { method: 'DELETE', path: path(key) })).status).toBe(204);
  }
  expect((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(0);
  for (const [outside, inside] of [
    ['', 'one'],
    ['/one', 'two'],
    ['/one/two', 'data'],
  ]) {
    expect(await readdir(`${around}${outside}`)).toEqual([inside]);
  }
  expect((await readdir(directory)).toSorted()).toEqual(['buckets', 's3-local.json', 'temporary']);
});

test('a key of 1,025 bytes is too long', async () => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'PUT', path: `/${bucket}/${'k'.repeat(1025)}`, body: 'x' });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'KeyTooLongError']);
  expect(answer.body).toContain('<Size>1025</Size><MaxSizeAllowed>1024</MaxSizeAllowed>');
});

test.each(['/photos/%zz', '/photos/%ff%fe', '/photos/k?prefix=%c3'])('%s is no URI', async (path) => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'GET', path });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidURI']);
});

test.each(['%ED%A0%80', '%C0%AF', '%F8%88%80%80%80'])('%s is no UTF-8, and no key', async (key) => {
  const { port } = await startServer();
  const answer = await sendSigned(port, { method: 'PUT', path: `/${bucket}/${key}`, body: 'x' });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidURI']);
});

test('a key in XML that is none does not stand for another one', async () => {
  const { port } = await startServer();
  await sendSigned(port, { method: 'PUT', path: `/${bucket}/%EF%BF%BD`, body: 'kept' });
  const start = Buffer.from('<Delete><Object><Key>');
  const end = Buffer.from('</Key></Object></Delete>');
  for (const key of [Buffer.from('&#xD800;'), Buffer.from([0xff]), Buffer.from([0xed, 0xa0, 0x80])]) {
    const body = Buffer.concat([start, key, end]);
    const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
    const answer = await sendSigned(port, { method: 'POST', path: `/${bucket}?delete=`, headers, body });
    expect([answer.status, codeOf(answer)]).toEqual([400, 'MalformedXML']);
  }
  expect((await sendSigned(port, { method: 'GET', path: `/${bucket}/%EF%BF%BD` })).body).toBe('kept');
});

test('a slash is the same encoded and not', async () => {
  const { port } = await startServer();
  const host = `127.0.0.1:${port}`;
  const { headers } = signedHeaders({ method: 'PUT', path: `/${bucket}/a/b`, host });
  const put = { port, method: 'PUT', headers: { ...headers, 'content-length': '5' }, body: 'hello' };
  expect((await send({ ...put, path: `/${bucket}/a%2Fb` })).status).toBe(200);
  expect((await sendSigned(port, { method: 'GET', path: `/${bucket}/a/b` })).body).toBe('hello');
});
