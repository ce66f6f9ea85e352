import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  gracefulShutdown,
  healthHandler,
  type HealthOptions,
  OptionError,
  ShutdownError,
  type ShutdownState,
} from '@silly-face/graceful-shutdown';
import { expect, it, vi } from 'vitest';

/** A handle that is where the test puts it, and what was logged. */
function startHealth(options: HealthOptions = {}) {
  const handle: { state: ShutdownState } = { state: 'running' };
  const lines: string[] = [];
  const log = (line: string): unknown => lines.push(line);
  const logger = { info: log, warn: log, error: log };
  return { handle, lines, health: healthHandler(handle, { logger, ...options }) };
}

/** A check that lasts until it is released. */
function heldBack() {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  return { check: () => held, release: () => release() };
}

const goneJson = JSON.stringify({ status: 'draining', checks: {} });

it('names the checks that fail, and logs why, once', async () => {
  let broken = true;
  const { health, lines } = startHealth({
    cacheMs: 0,
    checks: {
      mail: async () => {
        if (broken) throw new Error('no route to host', { cause: new Error('cable') });
      },
      disk: () => !broken,
      cache: () => undefined,
    },
  });
  const failing = { status: 'failing', checks: { mail: 'failed', disk: 'failed', cache: 'ok' } };
  for (const _ of [1, 2]) {
    const { status, body } = await health.ready.answer();
    expect([status, JSON.parse(body)]).toEqual([503, failing]);
  }
  expect(lines.toSorted()).toEqual([
    'Health check "disk" failed: it returned false',
    expect.stringMatching(/^Health check "mail" failed: Error: no route to host[^]*caused by: Error: cable/),
  ]);
  broken = false;
  expect((await health.ready.answer()).status).toBe(200);
  expect(lines.slice(2).toSorted()).toEqual([
    'Health check "disk" is well again',
    'Health check "mail" is well again',
  ]);
});

it('gives up on a check that hangs, aborts its signal and leaves nothing', async () => {
  const signals: AbortSignal[] = [];
  const { health, lines } = startHealth({
    timeoutMs: 20,
    checks: {
      silent: ({ signal }) => new Promise(() => void signals.push(signal)),
      obedient: ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('as told'))),
        ),
      quick: () => 'fine',
    },
  });
  const { status, body } = await health.ready.answer();
  expect([status, JSON.parse(body)]).toEqual([
    503,
    { status: 'failing', checks: { silent: 'failed', obedient: 'failed', quick: 'ok' } },
  ]);
  expect(signals[0]?.reason).toBeInstanceOf(ShutdownError);
  expect(signals[0]?.reason).toMatchObject({
    code: 'ERR_CHECK_TIMEOUT',
    message: 'Health check "silent" did not finish within 20 ms',
  });
  expect(lines.toSorted()).toEqual([
    'Health check "obedient" failed: no answer within 20 ms',
    'Health check "silent" failed: no answer within 20 ms',
  ]);
  expect(getEventListeners(signals[0] as AbortSignal, 'abort')).toEqual([]);
});

it('leaves nothing behind that would keep the process alive', async () => {
  const fixture = fileURLToPath(new URL('fixtures/health-leaves-nothing.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [fixture], { timeout: 60_000 });
  expect(stdout).toContain('{"quick":"ok","broken":"failed"}');
  expect(stdout).toContain('{"silent":"failed"}');
});

it('asks a check once for all who ask at the same time, and for those who ask soon after', async () => {
  const check = vi.fn<() => Promise<void>>(() => new Promise((resolve) => setImmediate(resolve)));
  const { health } = startHealth({ cacheMs: 600_000, checks: { check } });
  await Promise.all(Array.from({ length: 100 }, () => health.ready.answer()));
  await health.ready.answer();
  expect(check).toHaveBeenCalledTimes(1);
});

it('shares a run but keeps no result when cacheMs is 0', async () => {
  const check = vi.fn<() => Promise<void>>(() => new Promise((resolve) => setImmediate(resolve)));
  const { health } = startHealth({ cacheMs: 0, checks: { check } });
  await Promise.all([health.ready.answer(), health.ready.answer()]);
  await health.ready.answer();
  expect(check).toHaveBeenCalledTimes(2);
});

it('asks again once the result is older than cacheMs', async () => {
  let well = false;
  const { health } = startHealth({ cacheMs: 20, checks: { service: () => well } });
  expect((await health.ready.answer()).status).toBe(503);
  well = true;
  await expect.poll(async () => (await health.ready.answer()).status).toBe(200);
});

it('is not ready from the first signal on, whatever was cached, and asks no check any more', async () => {
  const check = vi.fn<() => boolean>(() => true);
  const { handle, health } = startHealth({ cacheMs: 600_000, checks: { check } });
  expect((await health.ready.answer()).status).toBe(200);
  handle.state = 'lame-duck';
  expect(await health.ready.answer()).toMatchObject({
    status: 503,
    body: '{"status":"lame-duck","checks":{}}',
  });
  expect(check).toHaveBeenCalledTimes(1);
});

it('is not ready when the signal comes while the checks run', async () => {
  const slow = heldBack();
  const { handle, health } = startHealth({ checks: { slow: slow.check } });
  const answer = health.ready.answer();
  handle.state = 'draining';
  slow.release();
  expect(await answer).toMatchObject({ status: 503, body: goneJson });
});

it('is not ready inside the hooks of the shutdown', async () => {
  const handle = gracefulShutdown({ signals: [], handleCrashes: false });
  const health = healthHandler(handle);
  let inHook: unknown;
  handle.onShutdown('hook', async () => (inHook = await health.ready.answer()));
  await handle.shutdown();
  expect(inHook).toMatchObject({ status: 503, body: '{"status":"cleaning-up","checks":{}}' });
});

it('asks its own live checks, but never lets an orchestrator kill a process that drains', async () => {
  const stuck = vi.fn<() => boolean>(() => false);
  const { handle, health, lines } = startHealth({ cacheMs: 0, liveChecks: { stuck } });
  expect(await health.live.answer()).toMatchObject({ status: 503, body: 'failing' });
  expect(lines).toEqual(['Health check "stuck" failed: it returned false']);
  expect((await health.ready.answer()).status).toBe(200);
  const asked = health.live.answer();
  handle.state = 'draining';
  expect(await asked).toMatchObject({ status: 200, body: 'ok' });
  expect(await health.live.answer()).toMatchObject({ status: 200, body: 'ok' });
  expect(stuck).toHaveBeenCalledTimes(2);
});

it('keeps silent when a middleware answered while the checks ran', async () => {
  const slow = heldBack();
  const { health } = startHealth({ checks: { slow: slow.check } });
  const server = createServer((request, response) => {
    health.ready(request, response);
    response.writeHead(504).end('too slow');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect([response.status, await response.text()]).toEqual([504, 'too slow']);
  slow.release();
  expect((await health.ready.answer()).status).toBe(200);
  await server[Symbol.asyncDispose]();
});

it.each([
  [{ timeoutMs: 0 }, 'Expected `timeoutMs` to be a positive number, got 0'],
  [{ cacheMs: -1 }, 'Expected `cacheMs` to be zero or a positive number, got -1'],
  [{ checks: { database: true } }, 'Expected `checks.database` to be a function, got true'],
  [{ liveChecks: { loop: 'no' } }, 'Expected `liveChecks.loop` to be a function, got "no"'],
  [{ checks: null }, 'Expected `checks` to be an object, got null'],
  [{ logger: {} }, 'Expected `logger` to have a method `info`, got an object of class Object'],
  [{ cache: 5 }, 'Unknown option `cache`'],
  [null, 'Expected `options` to be an object, got null'],
])('refuses %j', (options, message) => {
  expect(() => healthHandler({ state: 'running' }, options as never)).toThrow(message);
  expect(() => healthHandler({ state: 'running' }, options as never)).toThrow(OptionError);
});
