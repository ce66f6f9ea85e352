import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile, temporaryFolder } from './support/uploads.ts';

const fixture = fileURLToPath(new URL('fixtures/hash.mjs', import.meta.url));

/** What a program printed, and how it ended. */
async function run(args: string[]): Promise<{ output: string; exitCode: number }> {
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  const child = spawn(process.execPath, args, { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [exitCode] = (await once(child, 'close')) as [number];
  return { output, exitCode };
}

test.each([
  ['has put', 'put', '{"checksum":true,"etag":true}\n'],
  ['has given up', 'abort', 'EABORTED\n'],
])(
  'A program that %s something hashed in threads ends by itself, while they would wait for more',
  async (_, how, output) => {
    const s3 = await localS3();
    expect(await run([fixture, s3.endpoint, how])).toEqual({ output, exitCode: 0 });
  },
);

test('A program that was given as a text has threads, too', async () => {
  const s3 = await localS3();
  const program = (await readFile(fixture, 'utf8')).replace(
    '@silly-face/s3-put',
    import.meta.resolve('@silly-face/s3-put'),
  );
  const args = ['--input-type=module', '-e', program, '--', s3.endpoint, 'put'];
  // Without a file of its own it has one argument less in front.
  const { output } = await run([
    ...args.slice(0, 2),
    program.replace('[, , endpoint', '[, endpoint'),
    ...args.slice(3),
  ]);
  expect(output).toBe('{"checksum":true,"etag":true}\n');
});

test("A program whose bundle lacks the thread's file does without", async () => {
  const s3 = await localS3();
  const bundle = await temporaryFolder();
  const ours = fileURLToPath(new URL('../', import.meta.url));
  for (const name of ['dist', 'package.json'])
    await cp(join(ours, name), join(bundle, name), { recursive: true });
  await symlink(join(ours, 'node_modules'), join(bundle, 'node_modules'));
  await rm(join(bundle, 'dist/checksum/hash-worker.js'));
  const program = (await readFile(fixture, 'utf8')).replace('@silly-face/s3-put', './dist/index.js');
  await writeFile(join(bundle, 'program.mjs'), program);
  const { output } = await run([join(bundle, 'program.mjs'), s3.endpoint, 'put']);
  expect(output).toBe('{"checksum":true,"etag":true}\n');
});

test('Where WebAssembly has no vectors, Node makes each MD5', async () => {
  const s3 = await localS3();
  // Threads run it, too. A V8 flag that takes all of WebAssembly away also takes Node 22's own HTTP client, and ends it.
  const without = 'data:text/javascript,WebAssembly.validate = () => false;';
  const { output, exitCode } = await run(['--import', without, fixture, s3.endpoint, 'several']);
  expect(output).toContain('{"checksum":true,"etag":true}\n'.repeat(5));
  expect(exitCode).toBe(0);
});

/** Those that are started from now on. */
function threadsStarted(): Worker[] {
  const threads: Worker[] = [];
  const add = (worker: Worker): void => void threads.push(worker);
  process.on('worker', add);
  onTestFinished(() => void process.off('worker', add));
  return threads;
}

// The first one in this process that needs threads, so that it starts them.
test('A thread that dies fails the put that it hashed for, and the next put has another one', async () => {
  const s3 = await localS3();
  const threads = threadsStarted();
  const uploads = s3Put(s3.endpoint, { contentMD5: true });
  const path = await temporaryFile(someBytes(40 * MiB));
  const failing = failureOf(uploads.put(path, 'film'));
  await waitUntil(() => threads.length > 0, { what: 'a thread' });
  await threads[0]?.terminate();
  const error = await failing;
  expect(error).toMatchObject({ code: 'ECLIENT', history: [] });
  expect(error.message).toContain('the thread that hashes has ended');
  expect(await uploads.put(path, 'film')).toMatchObject({ verified: { etag: true } });
});

test('Threads are few, are used again, and end when nobody needs them for a while', async () => {
  const s3 = await localS3();
  const threads = threadsStarted();
  const uploads = s3Put(s3.endpoint, { contentMD5: true, checksumAlgorithm: 'SHA256' });
  for (let round = 0; round < 3; round += 1) {
    const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => uploads.putBuffer(someBytes(MiB), key)));
  }
  expect(threads.length).toBeLessThanOrEqual(4);
  const ended = threads.map(async (thread) => await once(thread, 'exit'));
  await Promise.all(ended);
  expect(await uploads.putBuffer(someBytes(MiB), 'again')).toMatchObject({
    verified: { checksum: true, etag: true },
  });
});
