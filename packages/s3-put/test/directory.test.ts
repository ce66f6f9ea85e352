import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PutDirectoryOptions } from '@silly-face/s3-put';
import { expect, onTestFinished, test } from 'vitest';
import { run } from './support/run.ts';
import { keysIn, localS3 } from './support/s3-local.ts';
import { scripted, store } from './support/scripted-server.ts';
import { failureOf, folderWith, s3Put, temporaryFolder } from './support/uploads.ts';

test('All files below are stored under their paths, hidden ones included', async () => {
  const s3 = await localS3();
  const directory = await folderWith(
    'index.html',
    'css/a.css',
    'css/deep/b.css',
    '.well-known/x',
    '.hidden',
    'a b+ü.txt',
  );
  const summary = await s3Put(s3.endpoint).putDirectory(directory, 'site/v1');
  expect(summary).toMatchObject({ stored: 6, failed: 0, bytes: 63, failures: [], skipped: [] });
  expect(await keysIn(s3)).toEqual([
    'site/v1/.hidden',
    'site/v1/.well-known/x',
    'site/v1/a b+ü.txt',
    'site/v1/css/a.css',
    'site/v1/css/deep/b.css',
    'site/v1/index.html',
  ]);
  expect((await s3.content('site/v1/css/deep/b.css')).toString()).toBe('css/deep/b.css');
  expect(await s3.head('site/v1/css/a.css')).toMatchObject({ ContentType: 'text/css' });
});

test.each([
  ['', ['a']],
  ['folder/', ['folder/a']],
  ['folder', ['folder/a']],
])('The prefix %o makes the keys %o', async (prefix, keys) => {
  const s3 = await localS3();
  await s3Put(s3.endpoint).putDirectory(await folderWith('a'), prefix);
  expect(await keysIn(s3)).toEqual(keys);
});

test('Files are taken in the order of their names', async () => {
  const server = await scripted(store());
  const directory = await folderWith('b/2', 'b/1', 'c', 'a', 'b/10');
  await s3Put(server.endpoint).putDirectory(directory, '', { parallel: 1 });
  const keys = server.received.map(({ url }) => url.replace(/^\/bucket\/|\?.*$/g, ''));
  expect(keys.map((key) => key.replace(/^\//, ''))).toEqual(['a', 'b/1', 'b/10', 'b/2', 'c']);
});

test('An empty directory is a summary of nothing', async () => {
  const summary = await s3Put('http://127.0.0.1:1').putDirectory(await temporaryFolder());
  expect(summary).toMatchObject({ stored: 0, failed: 0, bytes: 0, skipped: [], stoppedBy: undefined });
});

test('Headers may depend on the file, and files and directories may be left out', async () => {
  const s3 = await localS3();
  const directory = await folderWith('index.html', 'app.js', 'app.js.map', 'node_modules/x/index.js');
  const entered: string[] = [];
  await s3Put(s3.endpoint).putDirectory(directory, '', {
    headers: ({ path }) => (path.endsWith('.html') ? { 'cache-control': 'no-cache' } : undefined),
    filter: ({ key }) => !key.endsWith('.map'),
    enterDirectory: ({ path }) => {
      entered.push(path);
      return path !== 'node_modules';
    },
  });
  expect(await keysIn(s3)).toEqual(['app.js', 'index.html']);
  expect(entered).toEqual(['node_modules']);
  expect(await s3.head('index.html')).toMatchObject({ CacheControl: 'no-cache' });
  expect((await s3.head('app.js')).CacheControl).toBeUndefined();
  await s3Put(s3.endpoint).putDirectory(directory, 'b', { headers: { 'x-amz-meta-release': '7' } });
  expect(await s3.head('b/app.js')).toMatchObject({ Metadata: { release: '7' } });
});

test.skipIf(process.platform === 'win32')(
  'Symbolic links are followed, one that leads back is skipped, one that leads nowhere fails',
  async () => {
    const s3 = await localS3();
    const directory = await folderWith('real/file', 'real/deep/x');
    const elsewhere = await folderWith('other');
    await symlink(join(directory, 'real', 'file'), join(directory, 'link'));
    await symlink(elsewhere, join(directory, 'elsewhere'));
    await symlink('real', join(directory, 'twin'));
    await symlink('..', join(directory, 'real', 'deep', 'up'));
    await symlink('nothing', join(directory, 'dangling'));
    await symlink('knot', join(directory, 'knot'));
    const summary = await s3Put(s3.endpoint).putDirectory(directory);
    expect(await keysIn(s3)).toEqual([
      'elsewhere/other',
      'link',
      'real/deep/x',
      'real/file',
      'twin/deep/x',
      'twin/file',
    ]);
    expect(summary.skipped).toEqual([
      {
        filePath: join(directory, 'real/deep/up'),
        path: 'real/deep/up',
        key: 'real/deep/up',
        reason: 'loop',
      },
      {
        filePath: join(directory, 'twin/deep/up'),
        path: 'twin/deep/up',
        key: 'twin/deep/up',
        reason: 'loop',
      },
    ]);
    const failures = summary.failures.map(({ item, error }) => `${item.key} ${error.code}`);
    expect(failures.toSorted()).toEqual(['dangling EFILENOTFOUND', 'knot EFILEREAD']);
  },
);

test.skipIf(process.platform === 'win32')(
  'What has no content is skipped, and the summary says so',
  async () => {
    const s3 = await localS3();
    const directory = await folderWith('file');
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    const socket = createServer().listen(join(directory, 'socket'));
    await once(socket, 'listening');
    onTestFinished(async () => void (await once(socket.close(), 'close')));
    await symlink('/dev/null', join(directory, 'null'));
    const summary = await s3Put(s3.endpoint).putDirectory(directory);
    expect(summary).toMatchObject({ stored: 1, failed: 0 });
    expect(summary.skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ['fifo', 'fifo'],
      ['null', 'device'],
      ['socket', 'socket'],
    ]);
  },
);

test.skipIf(process.platform === 'win32')(
  'A directory below that cannot be read is a failure, and the rest is stored',
  async () => {
    const directory = await folderWith('a', 'locked/b', 'z');
    await chmod(directory, 0o755);
    await chmod(join(directory, 'locked'), 0o000);
    onTestFinished(() => chmod(join(directory, 'locked'), 0o755));
    const server = await scripted(store());
    // To root every directory is readable: there the fixture becomes somebody else.
    const fixture = fileURLToPath(new URL('fixtures/put-directory.mjs', import.meta.url));
    const { stdout, stderr } = await run(fixture, [directory, server.endpoint]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      stored: 2,
      failures: [
        {
          key: 'locked',
          code: 'EFILEACCESS',
          operation: 'PutDirectory',
          message: expect.stringContaining(
            `PutDirectory of "${join(directory, 'locked')}" to s3://bucket/locked: EACCES`,
          ),
        },
      ],
    });
  },
);

test('A directory that cannot be read at all is an error, as is a file', async () => {
  const uploads = s3Put('http://127.0.0.1:1');
  const directory = await folderWith('file');
  const missing = join(directory, 'missing');
  expect(await failureOf(uploads.putDirectory(missing, 'a'))).toMatchObject({
    code: 'EFILENOTFOUND',
    source: 'file',
    operation: 'PutDirectory',
    filePath: missing,
  });
  expect(await failureOf(uploads.putDirectory(join(directory, 'file')))).toMatchObject({ code: 'EFILETYPE' });
});

test('A file that vanishes after it was listed is a failure', async () => {
  const server = await scripted(store());
  const directory = await folderWith('a', 'b', 'c');
  const summary = await s3Put(server.endpoint).putDirectory(directory, '', {
    parallel: 1,
    onResult: () => rm(join(directory, 'b'), { force: true }),
  });
  expect(summary).toMatchObject({ stored: 2, failed: 1 });
  expect(summary.failures[0]).toMatchObject({ item: { key: 'b' }, error: { code: 'EFILENOTFOUND' } });
});

test('A directory that vanishes after it was listed is a failure', async () => {
  const server = await scripted(store());
  const directory = await folderWith('a', 'b/c', 'd');
  const summary = await s3Put(server.endpoint).putDirectory(directory, '', {
    parallel: 1,
    onResult: () => rm(join(directory, 'b'), { recursive: true, force: true }),
  });
  expect(summary).toMatchObject({ stored: 2, failed: 1 });
  expect(summary.failures[0]).toMatchObject({
    item: { key: 'b' },
    error: { code: 'EFILENOTFOUND', operation: 'PutDirectory' },
  });
});

test('A path that is too long for a key fails alone', async () => {
  const s3 = await localS3();
  const summary = await s3Put(s3.endpoint).putDirectory(
    await folderWith('short', 'longer'),
    'p'.repeat(1018),
  );
  expect(summary).toMatchObject({ stored: 1, failed: 1 });
  expect(summary.failures[0]?.error).toMatchObject({ code: 'EINVALID' });
});

test.skipIf(process.platform === 'win32')('Names of all kinds arrive as they are', async () => {
  const s3 = await localS3();
  const names = ['new\nline', '-rf', 'back\\slash', 'quote\'"', '日本 😀', '%41', '*', '~', 'tab\t'];
  const summary = await s3Put(s3.endpoint).putDirectory(await folderWith(...names), 'odd');
  expect(summary).toMatchObject({ stored: names.length, failed: 0 });
  for (const name of names) expect((await s3.content(`odd/${name}`)).toString()).toBe(name);
});

test.skipIf(process.platform !== 'linux')('A name that is no Unicode is a failure', async () => {
  const directory = await folderWith('good');
  await writeFile(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]), 'bad');
  const server = await scripted(store());
  const summary = await s3Put(server.endpoint).putDirectory(directory);
  expect(summary).toMatchObject({ stored: 1, failed: 1 });
  expect(summary.failures[0]?.error).toMatchObject({ code: 'EFILENOTFOUND' });
});

test.each([
  [['', '', {}], 'Expected `directory` to be a non-empty string, got ""'],
  [['.', 5, {}], 'Expected `prefix` to be a string, got 5'],
  [['.', '', { filter: '*.jpg' }], 'Expected `filter` to be a function, got "*.jpg"'],
  [['.', '', { parallel: -1 }], 'Expected `parallel` to be an integer of at least 1, got -1'],
  [['.', '', { exclude: [] }], 'Unknown option `exclude`; known are parallel'],
])('%o is refused', async (args, message) => {
  const [directory, prefix, options] = args as [string, string, PutDirectoryOptions];
  const putting = s3Put('http://127.0.0.1:1').putDirectory(directory, prefix, options);
  expect(await failureOf(putting)).toMatchObject({
    code: 'EINVALID',
    message: expect.stringContaining(message),
  });
});
