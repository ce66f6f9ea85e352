import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { tellV8Flags, waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { bucket, credentials, startClient, temporaryDirectory } from './support/server.ts';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const keys = {
  S3_LOCAL_ACCESS_KEY_ID: credentials.accessKeyId,
  S3_LOCAL_SECRET_ACCESS_KEY: credentials.secretAccessKey,
};

interface Running {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
}

function run(
  args: readonly string[],
  env: Record<string, string> = keys,
  stdio: readonly number[] = [],
): Running {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(stdio.length > 0 ? stdio : ['ipc' as const])],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return { child, output };
}

async function endpointOf({ output }: Running): Promise<string> {
  const match = await waitUntil(() => /listens on (\S+)/.exec(output.stdout), {
    what: 'the line with the endpoint',
  });
  return match?.[1] ?? '';
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'it serves, says when it is ready, and ends with 0 on %s',
  async (signal) => {
    const directory = await temporaryDirectory();
    const running = run([directory, '--port', '0', '--bucket', bucket, '--bucket', 'second'], {
      ...keys,
      NODE_OPTIONS: tellV8Flags,
    });
    const [message] = await once(running.child, 'message');
    expect(message).toBe('ready');
    const client = startClient({ endpoint: await endpointOf(running) });
    await client.send(new PutObjectCommand({ Bucket: 'second', Key: 'k', Body: 'x' }));
    const exited = once(running.child, 'exit');
    running.child.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(await readdir(`${directory}/temporary`)).toEqual([]);
    // Its exit waits for no compiler in the background, and nothing else is said.
    expect(running.output.stderr).toBe('V8 flags: --no-concurrent-sparkplug\n');
  },
);

test('it listens on a socket that was handed down', async () => {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  const running = run([await temporaryDirectory(), '--bucket', bucket], { ...keys, LISTEN_FDS: '1' }, [fd]);
  expect(await endpointOf(running)).toBe(`http://127.0.0.1:${port}`);
  socket.close();
  const client = startClient({ endpoint: `http://127.0.0.1:${port}` });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
  const exited = once(running.child, 'exit');
  running.child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test.each<[string, string[], Record<string, string>, number, string]>([
  ['no directory', [], keys, 2, 'Expected one directory, got 0'],
  ['an unknown option', ['x', '--colour'], keys, 2, '--colour'],
  ['no key pair', ['x'], {}, 2, 'Expected S3_LOCAL_ACCESS_KEY_ID in the environment'],
  ['a port that is no number', ['x', '--port', 'http'], keys, 2, 'Expected `port` to be an integer'],
  ['a directory that cannot be', ['/dev/null/x'], keys, 1, 'Cannot use the directory /dev/null/x'],
])('%s is explained on stderr and in the exit code', async (_, args, env, exitCode, text) => {
  const { child, output } = run(args, env);
  const [code] = await once(child, 'close');
  expect(code).toBe(exitCode);
  expect(output.stderr).toContain(text);
  expect(output.stdout).toBe('');
});
