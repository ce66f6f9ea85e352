import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { cli, run } from './support/run.ts';
import { keysIn, localS3 } from './support/s3-local.ts';
import { scripted, store } from './support/scripted-server.ts';
import { folderWith, MiB, someBytes, temporaryFile, temporaryFolder } from './support/uploads.ts';

test('A file is stored under the key, and a folder keeps the names', async () => {
  const s3 = await localS3();
  const cat = await temporaryFile('meow', 'cat.txt');
  const dog = await temporaryFile('woof', 'dog.txt');
  const one = await run(cli, [cat, 's3://bucket/animals/tom', '-H', 'x-amz-meta-kind: cat'], s3.environment);
  expect(one).toEqual({
    exitCode: 0,
    stdout: `${cat} -> s3://bucket/animals/tom (4 bytes, ETag 4a4be40c96ac6314e91d93f38043a634)\n`,
    stderr: '',
  });
  expect(await s3.head('animals/tom')).toMatchObject({ Metadata: { kind: 'cat' } });
  expect(await run(cli, [cat, dog, 's3://bucket/both/', '--json'], s3.environment)).toMatchObject({
    exitCode: 0,
  });
  expect((await s3.content('both/dog.txt')).toString()).toBe('woof');
});

test('What is not stored is told on stderr and by the exit status, and the rest is stored', async () => {
  const s3 = await localS3();
  const cat = await temporaryFile('meow', 'cat.txt');
  const { exitCode, stdout, stderr } = await run(cli, [`${cat}.missing`, cat, 's3://bucket'], s3.environment);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('ENOENT');
  expect(stdout).toContain('s3://bucket/cat.txt');
});

test('With --json each file is a line that a program can read', async () => {
  const s3 = await localS3();
  const cat = await temporaryFile('meow', 'cat.txt');
  const { exitCode, stdout } = await run(
    cli,
    [cat, `${cat}.missing`, 's3://bucket/a/', '--json', '--parallel', '1'],
    s3.environment,
  );
  expect(exitCode).toBe(1);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toEqual([
    expect.objectContaining({
      stored: true,
      filePath: cat,
      bucket: 'bucket',
      key: 'a/cat.txt',
      bytes: 4,
      attempts: 1,
    }),
    expect.objectContaining({
      stored: false,
      error: expect.objectContaining({ code: 'EFILENOTFOUND', source: 'file' }),
    }),
  ]);
});

test.each([
  [[], 'Expected at least one file and a target'],
  [['a', 'b'], 'Expected the target to look like s3://bucket/key, got b'],
  [['a', 'b', 's3://bucket/key'], 'Expected a target that ends in a slash for 2 files'],
  [['a', 's3://bucket/key', '--frobnicate'], 'Unknown option'],
  [
    ['a', 's3://bucket/key', '--parallel', 'many'],
    'Expected --parallel to be a number of at least 1, got many',
  ],
  [['a', `s3://bucket/${'k'.repeat(1025)}`], 'Expected the key to have at most 1024 bytes, got 1025'],
  [
    ['a', 's3://bucket/key', '--checksum', 'md5'],
    'Expected --checksum to be crc32, crc32c or sha256, got md5',
  ],
  [['a', 's3://bucket/key', '--bandwidth', '10 apples'], 'Expected --bandwidth to be at least 1K'],
  [['a', 's3://bucket/key', '--bandwidth', '1'], 'Expected --bandwidth to be at least 1K'],
  [['-', 's3://bucket/folder/'], 'Expected - to be the only file, and to have a key of its own'],
  [['-', 'a', 's3://bucket/'], 'Expected - to be the only file, and to have a key of its own'],
  [['a', 's3://bucket/key', '-H', 'nonsense'], "Expected a header like 'name: value'"],
  [['a', 's3://bucket/key', '--region', 'us-east-1', '-H', 'host: evil'], 'Expected no header `host`'],
])('Wrong usage %o ends with status 2', async (args, message) => {
  const { exitCode, stderr } = await run(cli, args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain('Usage: s3-put');
});

test('--help explains, and is no failure', async () => {
  expect(await run(cli, ['--help'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('Usage: s3-put'),
  });
});

test.skipIf(process.platform === 'win32')('SIGTERM ends an upload with status 143', async () => {
  const server = await scripted(() => undefined);
  const s3 = await localS3();
  const environment = { ...s3.environment, AWS_ENDPOINT_URL_S3: server.endpoint };
  const args = [cli, await temporaryFile('meow'), 's3://bucket/key'];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment }, stdio: 'ignore' });
  await waitUntil(() => server.received.length === 1, { what: 'the request' });
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([143, null]);
});

test.each([
  ['dir', '', ['dir/a', 'dir/sub/b']],
  ['dir/', 'x/', ['x/dir/a', 'x/dir/sub/b']],
  ['dir/.', '', ['a', 'sub/b']],
  ['dir/.', 'x/', ['x/a', 'x/sub/b']],
  ['dir', 'x', ['x/a', 'x/sub/b']],
])('With --recursive, %s under "%s" becomes %o', async (path, key, keys) => {
  const s3 = await localS3();
  const folder = await folderWith('dir/a', 'dir/sub/b');
  const args = ['-r', `${folder}/${path}`, `s3://bucket/${key}`, '-H', 'x-amz-meta-a: b'];
  expect(await run(cli, args, s3.environment)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await keysIn(s3)).toEqual(keys);
  expect(await s3.head(keys[0] ?? '')).toMatchObject({ Metadata: { a: 'b' } });
});

test('Files and directories go together, and --quiet tells only what failed', async () => {
  const s3 = await localS3();
  const folder = await folderWith('file', 'dir/a');
  const paths = ['file', 'dir', 'missing'].map((name) => join(folder, name));
  const { exitCode, stdout, stderr } = await run(cli, ['-rq', ...paths, 's3://bucket/'], s3.environment);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr.split('\n')).toEqual([expect.stringContaining('ENOENT'), 's3-put: 2 stored, 1 not', '']);
  expect(await keysIn(s3)).toEqual(['dir/a', 'file']);
});

test('A directory without --recursive fails, with a hint', async () => {
  const s3 = await localS3();
  const { exitCode, stderr } = await run(cli, [await folderWith('a'), 's3://bucket/'], s3.environment);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('a directory, not a file (a directory needs --recursive)');
});

test.skipIf(process.platform === 'win32')(
  'Odd names arrive as they are, and do nothing to a terminal',
  async () => {
    const s3 = await localS3();
    const names = ['-rf', '--help', 'new\nline', 'red\u001B[31m', '日本 😀'];
    const folder = await folderWith(...names.map((name) => `odd/${name}`));
    const environment = s3.environment;
    const { exitCode, stdout } = await run(cli, ['-r', `${folder}/odd/.`, 's3://bucket'], environment);
    expect(exitCode).toBe(0);
    expect(await keysIn(s3)).toEqual(names.toSorted());
    expect(stdout).toContain('s3://bucket/new\\nline (');
    expect(stdout).toContain('s3://bucket/red\\u001b[31m (');
    const cwd = join(folder, 'odd');
    const child = spawn(process.execPath, [cli, '--', '-rf', '--help', 's3://bucket/again/'], {
      cwd,
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect((await s3.content('again/--help')).toString()).toBe('odd/--help');
  },
);

test.skipIf(process.platform === 'win32')('What has no content is told and is no failure', async () => {
  const s3 = await localS3();
  const folder = await folderWith('dir/a');
  await symlink('.', join(folder, 'dir', 'loop'));
  const args = ['-r', join(folder, 'dir'), 's3://bucket'];
  const { exitCode, stderr } = await run(cli, args, s3.environment);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: `s3-put: skipped "${join(folder, 'dir', 'loop')}": it is a link to a directory that it is in\n`,
  });
  const { stdout } = await run(cli, [...args, '--json'], s3.environment);
  expect(stdout).toContain('"stored":false,"bucket":"bucket"');
  expect(stdout).toContain('"key":"dir/loop","skipped":"loop"');
});

test('Missing files among good ones fail alone, and fifty failures leave no connection', async () => {
  const server = await scripted(store());
  const s3 = await localS3();
  const good = await temporaryFile('meow', 'cat.txt');
  const missing = Array.from({ length: 50 }, (_, index) => `${good}.${index}`);
  const environment = { ...s3.environment, AWS_ENDPOINT_URL_S3: server.endpoint };
  const args = [...missing.slice(0, 25), good, ...missing.slice(25), 's3://bucket/'];
  const { exitCode, stdout, stderr } = await run(cli, args, environment);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('s3://bucket/cat.txt (4 bytes');
  expect(stderr.match(/ENOENT/g)).toHaveLength(50);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe('s3-put: 1 stored, 50 not');
  await waitUntil(() => server.connections.open.size === 0, { what: 'all connections to end' });
});

test.skipIf(process.platform === 'win32')(
  'SIGINT in the middle of a directory ends what is under way, with status 130, and tries no more',
  async () => {
    const storing = store();
    const server = await scripted(storing, storing, () => undefined);
    const s3 = await localS3();
    const names = Array.from({ length: 40 }, (_, index) => `dir/${index}`);
    const environment = { ...s3.environment, AWS_ENDPOINT_URL_S3: server.endpoint };
    const args = ['-r', join(await folderWith(...names), 'dir'), 's3://bucket', '--parallel', '3'];
    const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...environment } });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk));
    await waitUntil(() => server.received.length === 5, {
      what: 'two to be stored and three to be under way',
    });
    // One Ctrl-C may come twice.
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(output.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(output.stderr).toBe('s3-put: interrupted: 2 stored, 3 not, the rest not tried\n');
    expect(server.received).toHaveLength(5);
    await waitUntil(() => server.connections.open.size === 0, { what: 'all connections to end' });
  },
);

test('--checksum, --content-md5 and --bandwidth reach the put', async () => {
  const s3 = await localS3();
  const server = await scripted(store());
  const cat = await temporaryFile('meow', 'cat.txt');
  const args = [cat, 's3://bucket/key', '--checksum', 'sha256', '--content-md5', '--bandwidth', '1.5MiB/s'];
  expect(await run(cli, args, s3.environment)).toMatchObject({ exitCode: 0 });
  expect(await s3.head('key')).toMatchObject({ ChecksumSHA256: expect.any(String) });
  await run(cli, args, { ...s3.environment, AWS_ENDPOINT_URL_S3: server.endpoint });
  expect(server.received[0]?.headers).toMatchObject({
    'content-md5': createHash('md5').update('meow').digest('base64'),
    'x-amz-checksum-sha256': expect.any(String),
  });
});

test('What comes from stdin is stored', async () => {
  const s3 = await localS3();
  const content = someBytes(9 * MiB);
  const child = spawn(process.execPath, [cli, '-', 's3://bucket/photo.jpg', '--json'], {
    env: { ...process.env, ...s3.environment },
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stdin.end(content);
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(JSON.parse(stdout)).toMatchObject({ stored: true, filePath: '-', key: 'photo.jpg', bytes: 9 * MiB });
  expect((await s3.content('photo.jpg')).equals(content)).toBe(true);
  expect(await s3.head('photo.jpg')).toMatchObject({ ContentType: 'image/jpeg' });
});

test('A reader of stdout that has gone is no reason to stop', async () => {
  const s3 = await localS3();
  const folder = await folderWith(...Array.from({ length: 20 }, (_, index) => `dir/${index}`));
  const child = spawn(process.execPath, [cli, '-r', join(folder, 'dir'), 's3://bucket'], {
    env: { ...process.env, ...s3.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(await keysIn(s3)).toHaveLength(20);
});

test('With --resume the same command goes on where an earlier one was killed', async () => {
  const s3 = await localS3();
  const path = await temporaryFile(someBytes(65 * MiB));
  const journals = join(await temporaryFolder(), 'journals');
  const args = [path, 's3://bucket/key', '--resume', journals, '--json'];
  const child = spawn(process.execPath, [cli, ...args, '--bandwidth', '12M'], {
    env: { ...process.env, ...s3.environment },
    stdio: 'ignore',
  });
  await waitUntil(async () => (await partsOf(s3.client)) > 1, { what: 'two parts' });
  child.kill('SIGKILL');
  await once(child, 'close');
  const { exitCode, stdout } = await run(cli, args, s3.environment);
  expect(exitCode).toBe(0);
  const { bytes, resumedBytes } = JSON.parse(stdout) as { bytes: number; resumedBytes: number };
  expect(bytes).toBe(65 * MiB);
  expect(resumedBytes).toBeGreaterThanOrEqual(16 * MiB);
  expect(await readdir(journals)).toEqual([]);
});

async function partsOf(client: S3Client): Promise<number> {
  const target = { Bucket: 'bucket' };
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(target));
  const [{ Key, UploadId } = {}] = Uploads;
  if (UploadId === undefined) return 0;
  const { Parts = [] } = await client.send(new ListPartsCommand({ ...target, Key, UploadId }));
  return Parts.length;
}
