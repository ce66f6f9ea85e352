import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { bringRedis, descendants, startRedis } from '@silly-face/testing';

let missing: string | undefined;
beforeAll(async () => {
  missing = await bringRedis();
}, 300_000);

let directory: string;
beforeEach((context) => {
  if (missing) context.skip(missing);
  directory = mkdtempSync(join(tmpdir(), 'testing-'));
  vi.stubEnv('TMPDIR', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
  if (directory) rmSync(directory, { recursive: true });
});

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`)).on('error', reject);
    socket.setEncoding('utf8').once('data', (answer: string) => {
      socket.destroy();
      resolve(answer);
    });
  });
}

test('a Redis keeps what it has answered, also when it was frozen, and leaves nothing when it is disposed', async () => {
  const redis = await startRedis();
  expect(await ask(redis.port, 'SET face silly')).toBe('+OK\r\n');
  await redis.restart();
  expect(await ask(redis.port, 'GET face')).toContain('silly');
  redis.freeze();
  redis.thaw();
  expect(await ask(redis.port, 'GET face')).toContain('silly');
  redis.freeze();
  await redis[Symbol.asyncDispose]();
  expect(redis.pid).toBeUndefined();
  expect(readdirSync(directory)).toEqual([]);
  expect(descendants(process.pid)).toEqual([]);
});
