import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { terminate } from '@silly-face/graceful-shutdown';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const start = (config: object, env: NodeJS.ProcessEnv = {}) =>
  FixtureProcess.start('terminate.mjs', config, env);

it('exits with 0 after a signal, once what is in flight is answered', async () => {
  await using child = await start({ options: { timeoutMs: 10_000 } });
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await child.prints('Shutting down: SIGTERM');
  child.send('release');
  expect(await answer).toBe('answered');
  expect(await child.ended).toMatchObject({ code: 0, signal: null });
});

it('exits with 128 + n when a request had to be cut', async () => {
  await using child = await start({ options: { timeoutMs: 100 } });
  const { answer } = await child.request();
  child.kill('SIGINT');
  expect(await answer).toContain('failed');
  expect(await child.ended).toMatchObject({ code: 130 });
});

it('exits with the crash code after a crash and logs reason, error and causes', async () => {
  await using child = await start({ options: {} });
  child.send('crash');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toMatch(/Unexpected Error: TypeError: the roof fell in[^]*caused by: Error: rain/);
});

it('exits with the crash code after a rejection with something that is not an error', async () => {
  await using child = await start({ options: {} });
  child.send('reject');
  expect(await child.ended).toMatchObject({
    code: 1,
    output: expect.stringContaining("Unhandled Promise: 'not even an error'"),
  });
});

it('a server that never listened is no obstacle', async () => {
  await using child = await start({ options: {}, listen: false });
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0 });
});

it('aborts for a core dump on a crash', async () => {
  await using child = await start({ options: { coredump: true } });
  child.send('crash');
  expect(await child.ended).toMatchObject({
    code: null,
    signal: 'SIGABRT',
    output: expect.stringContaining('the roof fell in'),
  });
});

it('aborts for a core dump when the environment says so, and only on a crash', async () => {
  const env = { GRACEFUL_SHUTDOWN_COREDUMP: '1' };
  await using crashing = await start({ options: { coredump: false } }, env);
  crashing.send('reject');
  expect(await crashing.ended).toMatchObject({ code: null, signal: 'SIGABRT' });
  await using wished = await start({ options: {} }, env);
  wished.kill('SIGTERM');
  expect(await wished.ended).toMatchObject({ code: 0, signal: null });
});

it('ends at once when a second signal comes later', async () => {
  await using child = await start({ options: { timeoutMs: 600_000 } });
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await child.prints('Shutting down: SIGTERM');
  // The rule under test is about time.
  await sleep(600);
  child.kill('SIGTERM');
  expect(await answer).toContain('failed');
  expect(await child.ended).toMatchObject({ code: 143 });
});

it('does not abort on a signal', async () => {
  await using child = await start({ options: { coredump: true } });
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 0, signal: null });
});

it('refuses wrong arguments at once', () => {
  const server = createServer();
  expect(() => terminate(server, { timeout: 500 } as never)).toThrow('Unknown option `timeout`');
  expect(() => terminate(server, { timeoutMs: -1 })).toThrow(
    'Expected `timeoutMs` to be a positive number, got -1',
  );
  expect(() => terminate({} as never)).toThrow('Expected `server` to be a server of node:http');
  expect(() => terminate(server)(-1, 'x')).toThrow('Expected `code` to be an integer from 0 to 255, got -1');
});
