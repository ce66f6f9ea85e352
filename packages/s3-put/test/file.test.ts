import { execFileSync, spawnSync } from 'node:child_process';
import { appendFile, chmod, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { scripted, store } from './support/scripted-server.ts';
import type { Scene, ScriptedServer } from './support/scripted-server.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile, temporaryFolder } from './support/uploads.ts';

/** Something happens to the file between S3's permission and the body, when its checksum has long been announced. */
async function changedBy(change: () => Promise<void>): Promise<ScriptedServer> {
  const storing = store();
  return await scripted(async (...scene: Parameters<Scene>) => {
    await change();
    await storing(...scene);
  });
}

test('A missing file is an error that says so, and nothing is sent', async () => {
  const server = await scripted(store());
  const path = join(await temporaryFolder(), 'nothing.jpg');
  const error = await failureOf(s3Put(server.endpoint).put(path, 'key'));
  expect(error).toMatchObject({
    code: 'EFILENOTFOUND',
    source: 'file',
    filePath: path,
    cause: { code: 'ENOENT' },
  });
  expect(error.message).toContain(path);
  expect(server.connections.total).toBe(0);
});

test('A directory is not a file', async () => {
  const error = await failureOf(s3Put('http://127.0.0.1:1').put(await temporaryFolder(), 'key'));
  expect(error).toMatchObject({ code: 'EFILETYPE' });
  expect(error.message).toContain('a directory, not a file');
});

test.skipIf(process.platform === 'win32')(
  'A FIFO is not a file, and nobody waits for its writer',
  async () => {
    const path = join(await temporaryFolder(), 'fifo');
    execFileSync('mkfifo', [path]);
    const error = await failureOf(s3Put('http://127.0.0.1:1').put(path, 'key'));
    expect(error).toMatchObject({ code: 'EFILETYPE' });
  },
);

test.skipIf(process.platform === 'win32')('A file without permission is an error that says so', async () => {
  const path = await temporaryFile('secret');
  await chmod(path, 0o000);
  // To root every file is readable: there the fixture becomes somebody else.
  const fixture = fileURLToPath(new URL('fixtures/put.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [fixture, path], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ code: 'EFILEACCESS', source: 'file', cause: 'EACCES' });
});

test('An empty file is stored', async () => {
  const server = await scripted(store());
  const stored = await s3Put(server.endpoint).put(await temporaryFile(''), 'key');
  expect(stored).toMatchObject({ bytes: 0, checksum: 'AAAAAA==', verified: { checksum: true } });
  expect(server.received[0]?.headers).toMatchObject({ 'content-length': '0' });
});

const content = someBytes(6 * MiB);

test.each([
  ['truncated', (path: string) => truncate(path, 3 * MiB)],
  ['appended to', (path: string) => appendFile(path, 'more')],
  ['written to', (path: string) => writeFile(path, content.toReversed())],
  [
    'replaced',
    async (path: string) => {
      await writeFile(`${path}.new`, content);
      await rename(`${path}.new`, path);
    },
  ],
])('A file that is %s while it is sent is EFILECHANGED, and S3 never gets it whole', async (_, change) => {
  const path = await temporaryFile(content);
  const server = await changedBy(() => change(path));
  const error = await failureOf(s3Put(server.endpoint).put(path, 'key'));
  expect(error).toMatchObject({ code: 'EFILECHANGED', source: 'file', retryable: false });
  expect(error.history).toHaveLength(1);
  expect(server.received[0]?.body.length).toBeLessThan(content.length);
});

test('A file that changes between its last byte and the answer is EFILECHANGED too', async () => {
  const path = await temporaryFile('small');
  const storing = store();
  const server = await scripted(async (request, response, received) => {
    await appendFile(path, 'more');
    await storing(request, response, received);
  });
  const error = await failureOf(s3Put(server.endpoint).put(path, 'key'));
  expect(error).toMatchObject({
    code: 'EFILECHANGED',
    message: expect.stringContaining('from 5 to 9 bytes'),
  });
});

test('A file that is deleted while it is sent is stored', async () => {
  const path = await temporaryFile(content);
  const server = await changedBy(() => rm(path, { force: true }));
  expect(await s3Put(server.endpoint).put(path, 'key')).toMatchObject({ bytes: content.length });
});
