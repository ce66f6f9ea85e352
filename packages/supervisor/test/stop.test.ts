// What a final stop does to held sockets and to those who still drain.
import { Supervisor } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, observe, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

// Takes its time to stop: until it gets SIGUSR2.
const slowToStop = {
  command: 'sh',
  args: ['-c', `trap : TERM; trap 'exit 0' USR2; echo up; while :; do sleep 0.02; done`],
};

test('during a long drain new connections are refused, and the request in flight is answered', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'unused.sock');
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' }, unused: { path } },
    children: [
      { name: 'api', script: fixture('draining.mjs'), sockets: ['api', 'unused'], stopTimeoutMs: 60_000 },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor);
  const [{ pid = 0 } = {}] = supervisor.status();
  const slow = ask(port, '/slow');
  await waitUntil(() => observed.lines('api').includes('asked for /slow'), { what: 'the slow request' });
  const stopped = supervisor.stop();
  await waitUntil(() => observed.lines('api').includes('accepts nobody'), { what: 'the drain' });
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(existsSync(path)).toBe(false);
  expect(supervisor.status()).toMatchObject([{ state: 'stopping', pid }]);
  process.kill(pid, 'SIGUSR2');
  expect(await slow).toBe(String(pid));
  await stopped;
  expect(observed.exits).toMatchObject([{ code: 0, signal: null }]);
});

test('who ends before its turn is started again only without held sockets', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'db', command: 'sleep', args: ['600'] },
      {
        name: 'api',
        script: fixture('server.mjs'),
        sockets: ['api'],
        readiness: 'message',
        after: ['db'],
      },
      { name: 'web', ...slowToStop, stopTimeoutMs: 60_000, after: ['api'] },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.lines('web').includes('up'), { what: 'the trap' });
  const port = portOf(supervisor);
  const [db, api, web] = supervisor.status().map(({ pid = 0 }) => pid) as [number, number, number];
  const stopped = supervisor.stop();
  await waitUntil(() => observed.path('web').at(-1) === 'stopping', { what: 'the stop' });
  expect(await ask(port)).toBe(String(api));
  for (const pid of [db, api]) process.kill(pid, 'SIGKILL');
  await waitUntil(() => observed.path('db').join() === 'starting,ready,backing off,starting,ready', {
    what: 'the restart of db',
  });
  await waitUntil(() => observed.path('api').at(-1) === 'stopped', { what: 'the end of api' });
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  process.kill(web, 'SIGUSR2');
  await stopped;
  expect(supervisor.status()).toMatchObject([
    { state: 'stopped', restarts: 1 },
    { state: 'stopped', restarts: 0 },
    { state: 'stopped', restarts: 0 },
  ]);
  expect(observed.path('api')).toEqual(['starting', 'ready', 'stopped']);
  expect(observed.exits.some(({ pid }) => isAlive(pid))).toBe(false);
});

test('a stop ends a process in its own way that somebody has stopped by SIGSTOP', async () => {
  const supervisor = new Supervisor({
    children: [
      {
        name: 'web',
        command: 'sh',
        args: ['-c', `trap 'echo told; exit 5' TERM; echo up; while :; do sleep 0.02; done`],
        stopTimeoutMs: 600_000,
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.lines('web').includes('up'), { what: 'the trap' });
  process.kill(supervisor.status()[0]?.pid ?? 0, 'SIGSTOP');
  await supervisor.stop();
  expect(observed.lines('web')).toContain('told');
  expect(observed.exits).toMatchObject([{ code: 5, signal: null }]);
});

test('a stop while a process is being launched launches none', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'api', script: fixture('server.mjs'), sockets: ['api'], readiness: 'message' }],
  });
  const observed = observe(supervisor);
  const started = supervisor.start().catch((reason: unknown) => reason);
  supervisor.once('state', () => void supervisor.stop());
  expect(await started).toMatchObject({ code: 'STOPPED' });
  await supervisor.stop();
  expect(observed.path('api')).toEqual(['starting', 'stopped']);
  expect(observed.exits).toEqual([]);
  await expect(supervisor.start()).rejects.toMatchObject({ code: 'STOPPED' });
});

test('a stopped supervisor binds no socket', async () => {
  const supervisor = new Supervisor({ sockets: { api: { port: 0 } } });
  await supervisor.stop();
  await expect(supervisor.bind()).rejects.toMatchObject({ code: 'STOPPED' });
});

test('a kill ends at once also those that others depend on', async () => {
  const supervisor = new Supervisor({
    children: [
      { name: 'db', command: 'sleep', args: ['600'] },
      { name: 'api', command: 'sleep', args: ['600'], after: ['db'] },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.kill();
  expect(observed.exits.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
  expect(supervisor.status().map(({ state }) => state)).toEqual(['stopped', 'stopped']);
});
