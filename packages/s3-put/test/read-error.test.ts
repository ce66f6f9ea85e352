import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, rename, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { scripted, store } from './support/scripted-server.ts';
import {
  credentials,
  failureOf,
  MiB,
  s3Put,
  someBytes,
  temporaryFile,
  temporaryFolder,
} from './support/uploads.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

test.each([
  ['a small file', 500_000, 100 * MiB, 0],
  ['a file that goes whole', 12 * MiB, 100 * MiB, 6 * MiB],
  ['a file in parts', 32 * MiB, 5 * MiB, 17 * MiB],
])('A bad block of %s is EFILEREAD, and leaves nothing', async (_, size, multipartFromBytes, failsAt) => {
  // No file of a healthy machine has bad blocks: the process that reads is told that there is one.
  const s3 = await localS3();
  const options = { endpoint: s3.endpoint, region: 'us-east-1', credentials, multipartFromBytes };
  const filePath = await temporaryFile(someBytes(size));
  const preload = pathToFileURL(fixture('failing-reads.mjs')).href;
  const child = fork(fixture('put-in-parts.mjs'), [JSON.stringify({ options, filePath, key: 'key' })], {
    execArgv: ['--import', preload],
    env: { ...process.env, FAILS_AT: String(failsAt) },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const messages: { code?: string; message?: string }[] = [];
  child.on('message', (message: object) => messages.push(message));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(messages.at(-1)).toMatchObject({
    code: 'EFILEREAD',
    message: expect.stringContaining('EIO: i/o error, read'),
  });
  expect(messages.at(-1)?.message).toMatch(/reading it at byte \d+ failed/);
  expect(await s3.uploadsLeft()).toBe(0);
  await expect(s3.head('key')).rejects.toMatchObject({ name: 'NotFound' });
});

const unreadable = '/sys/class/net/lo/speed';

test('A file that the kernel refuses to read is EFILEREAD, with its reason', async (context) => {
  context.skip(!existsSync(unreadable), `there is no ${unreadable}, which can be opened and not read`);
  const error = await failureOf(s3Put('http://127.0.0.1:1').put(unreadable, 'key'));
  expect(error).toMatchObject({ code: 'EFILEREAD', source: 'file', cause: { code: 'EINVAL' }, history: [] });
});

test('A file that says more than it has is EFILECHANGED', async (context) => {
  const path = '/sys/class/net/lo/mtu';
  context.skip(!existsSync(path), `there is no ${path}, which is shorter than its size`);
  const error = await failureOf(s3Put('http://127.0.0.1:1').put(path, 'key'));
  expect(error).toMatchObject({ code: 'EFILECHANGED', history: [] });
});

test('A device, a socket, and what is below a file are no files', async () => {
  const uploads = s3Put('http://127.0.0.1:1');
  const socket = join(await temporaryFolder(), 'socket');
  const server = createServer();
  await once(server.listen(socket), 'listening');
  onTestFinished(() => void server.close());
  expect(await failureOf(uploads.put('/dev/null', 'key'))).toMatchObject({ code: 'EFILETYPE' });
  expect(await failureOf(uploads.put(socket, 'key'))).toMatchObject({ code: 'EFILETYPE' });
  const below = join(await temporaryFile('text'), 'below');
  expect(await failureOf(uploads.put(below, 'key'))).toMatchObject({ code: 'EFILENOTFOUND' });
});

const replace = async (path: string, content: Uint8Array): Promise<void> => {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
};

test.each([
  ['truncated', (path: string) => truncate(path, 2)],
  ['written to', (path: string) => writeFile(path, 'other')],
  ['replaced', (path: string) => replace(path, Buffer.from('small'))],
])('A small file that is %s between its reading and the answer is EFILECHANGED', async (_, change) => {
  const path = await temporaryFile('small');
  const storing = store();
  const server = await scripted(async (request, response, received) => {
    if (server.received.length > 1) await change(path);
    await storing(request, response, received);
  });
  const uploads = s3Put(server.endpoint);
  await uploads.put(path, 'key');
  const error = await failureOf(uploads.put(path, 'key'));
  expect(error).toMatchObject({ code: 'EFILECHANGED', source: 'file', retryable: false });
  expect(error.history).toHaveLength(1);
});

test.each([
  ['truncated', (path: string) => truncate(path, 3 * MiB)],
  ['appended to', (path: string) => appendFile(path, 'more')],
  ['written to', (path: string) => writeFile(path, someBytes(33 * MiB))],
  ['replaced', (path: string) => replace(path, someBytes(33 * MiB))],
])(
  'A file that is %s while its parts are sent is EFILECHANGED, and leaves neither object nor upload',
  async (_, change) => {
    const s3 = await localS3();
    const path = await temporaryFile(someBytes(33 * MiB));
    let isChanged = false;
    const onRequest = ({ method }: IncomingMessage): void => {
      if (method !== 'PUT' || isChanged) return;
      isChanged = true;
      void change(path);
    };
    for (const asked of ['request', 'checkContinue']) s3.server.on(asked, onRequest);
    const uploads = s3Put(s3.endpoint, { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB, parallelParts: 2 });
    expect(await failureOf(uploads.put(path, 'film'))).toMatchObject({ code: 'EFILECHANGED' });
    expect(await s3.uploadsLeft()).toBe(0);
    await expect(s3.head('film')).rejects.toMatchObject({ name: 'NotFound' });
  },
);
