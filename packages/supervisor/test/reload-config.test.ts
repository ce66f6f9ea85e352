// A reload with other options than before.
import {
  Supervisor,
  type ChildOptions,
  type ReloadEvent,
  type SupervisorOptions,
} from '@silly-face/supervisor';
import { freePort, isAlive, waitUntil } from '@silly-face/testing';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { startLoad } from './load.ts';
import { fixture, observe } from './observe.ts';

const told = { script: fixture('told.mjs'), readiness: 'message' } as const;
const sleeper = { command: 'sleep', args: ['600'] };

test('the new processes have the new environment and arguments, and no request is lost', async () => {
  const supervisor = new Supervisor(serving({ env: { TOLD: 'old' }, args: ['1'] }));
  const observed = observe(supervisor);
  await supervisor.start();
  const { port } = supervisor.address('api') as AddressInfo;
  const load = startLoad(port);
  await supervisor.reload(serving({ env: { TOLD: 'new' }, args: ['2'] }));
  expect((await load.stop()).failures).toEqual([]);
  expect(observed.lines('api')).toEqual(['old 1', 'new 2']);
  expect(supervisor.address('api')).toMatchObject({ port });
  await supervisor.stop();
});

test('a release that fails leaves the old process with its old settings, also after a later crash', async () => {
  const supervisor = new Supervisor(serving({ env: { TOLD: 'old' } }));
  const observed = observe(supervisor);
  const reloads = observeReloads(supervisor);
  await supervisor.start();
  const { port } = supervisor.address('api') as AddressInfo;
  const before = await ask(port);
  const load = startLoad(port);
  const bad = serving({ env: { TOLD: 'new' }, script: fixture('burst.mjs'), args: ['crash'] });
  const error = await supervisor.reload(bad).catch((reason: unknown) => reason);
  expect((await load.stop()).failures).toEqual([]);
  expect(error).toMatchObject({ code: 'CHILD_EXITED', child: 'api', replaced: [], left: ['api'] });
  expect(error).toHaveProperty(
    'message',
    expect.stringMatching(/^Reload failed: Child "api" exited.*last words/s),
  );
  expect(reloads).toEqual([
    { outcome: 'failed', replaced: [], left: ['api'], error, durationMs: expect.any(Number) },
  ]);
  expect(await ask(port)).toBe(before);
  await ask(port, '/crash').catch(() => {});
  expect(await ask(port)).not.toBe(before);
  expect(observed.lines('api').filter((line) => !line.startsWith('line '))).toEqual(
    expect.arrayContaining(['old']),
  );
  expect(observed.lines('api').at(-1)).toBe('old');
  // Without other options a reload goes on with those that worked.
  await supervisor.reload();
  expect(observed.lines('api').at(-1)).toBe('old');
  await supervisor.stop();
});

test('what was replaced before the failure stays, what comes after it is left', async () => {
  const children = (first: string, second: string): SupervisorOptions => ({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'a', ...told, sockets: ['api'], env: { TOLD: first } },
      { name: 'b', ...told, sockets: ['api'], after: ['a'], script: fixture(second) },
      { name: 'c', ...told, sockets: ['api'], after: ['b'] },
      { name: 'gone', ...told, sockets: ['api'] },
    ],
  });
  const supervisor = new Supervisor(children('old', 'server.mjs'));
  const observed = observe(supervisor);
  await supervisor.start();
  const before = pids(supervisor);
  const next = children('new', 'burst.mjs');
  const added: ChildOptions = { name: 'added', ...sleeper, after: ['c'] };
  const error = await supervisor
    .reload({ ...next, children: [...(next.children ?? []).slice(0, 3), added] })
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ child: 'b', replaced: ['a'], left: ['b', 'c', 'gone'] });
  const after = pids(supervisor);
  expect(Object.keys(after)).toEqual(['a', 'b', 'c', 'gone']);
  expect(after['a']).not.toBe(before['a']);
  for (const name of ['b', 'c', 'gone']) expect(after[name]).toBe(before[name]);
  expect(observed.lines('a')).toEqual(['old', 'new']);
  await supervisor.stop();
});

test('children that wait for each other after a failed reload stop nevertheless', async () => {
  const db: ChildOptions = { name: 'db', ...sleeper, reload: 'none' };
  const bad: ChildOptions = { name: 'bad', command: 'no-such-program', after: ['api'] };
  const supervisor = new Supervisor({
    children: [
      { ...db, after: ['api'] },
      { name: 'api', ...sleeper },
    ],
  });
  await supervisor.start();
  const before = pids(supervisor);
  await expect(
    supervisor.reload({ children: [db, { name: 'api', ...sleeper, after: ['db'] }, bad] }),
  ).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND', replaced: ['api'], left: ['db'] });
  expect(pids(supervisor)['db']).toBe(before['db']);
  await supervisor.stop();
  expect(supervisor.status().map(({ state }) => state)).toEqual(['stopped', 'stopped']);
});

test('a new child that a task waits for is there before the task', async () => {
  const supervisor = new Supervisor();
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.reload({
    children: [
      { name: 'api', ...sleeper, after: ['migrate'] },
      { name: 'migrate', command: 'true', task: true, after: ['db'] },
      { name: 'db', ...sleeper },
    ],
  });
  const begun = observed.states.filter(({ to }) => to === 'ready' || to === 'completed');
  expect(begun.map(({ child }) => child)).toEqual(['db', 'migrate', 'api']);
  await supervisor.stop();
});

test('new children are started, removed ones stopped, and so their sockets', async () => {
  const supervisor = new Supervisor({
    sockets: { kept: { port: 0, host: '127.0.0.1' }, gone: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'db', ...sleeper },
      { name: 'kept', ...told, sockets: ['kept'], after: ['db'] },
      { name: 'gone', ...told, sockets: ['gone'] },
    ],
  });
  const observed = observe(supervisor);
  const reloads = observeReloads(supervisor);
  await supervisor.start();
  const before = pids(supervisor);
  const kept = supervisor.address('kept');
  const { port: gone } = supervisor.address('gone') as AddressInfo;
  await supervisor.reload({
    sockets: { kept: { port: 0, host: '127.0.0.1' }, web: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'queue', ...sleeper },
      { name: 'web', ...told, sockets: ['web'], after: ['kept', 'queue'] },
      { name: 'kept', ...told, sockets: ['kept'] },
    ],
  });
  expect(Object.keys(pids(supervisor))).toEqual(['queue', 'web', 'kept']);
  expect(reloads).toMatchObject([{ outcome: 'done', left: [] }]);
  expect(reloads[0]?.replaced.toSorted()).toEqual(['db', 'gone', 'kept', 'queue', 'web']);
  expect(Object.values(before).filter(isAlive)).toEqual([]);
  expect(supervisor.address('kept')).toEqual(kept);
  expect(await ask((supervisor.address('web') as AddressInfo).port)).toBe(String(pids(supervisor)['web']));
  await expect(ask(gone)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(() => supervisor.address('gone')).toThrow('There is no socket "gone"');
  const at = (child: string, state: string): number =>
    observed.states.findLastIndex((event) => event.child === child && event.to === state);
  expect(at('web', 'starting')).toBeGreaterThan(Math.max(at('queue', 'ready'), at('kept', 'ready')));
  // Behind a held socket somebody serves until the new ones do.
  expect(at('gone', 'stopping')).toBeGreaterThan(at('web', 'ready'));
  expect(at('db', 'stopping')).toBeLessThan(at('queue', 'starting'));
  await supervisor.stop();
});

test('a child that is named anew keeps its port, and nobody is refused', async () => {
  const port = await freePort();
  const named = (name: string): SupervisorOptions => ({
    children: [{ name, ...told, listen: { port, host: '127.0.0.1' } }],
  });
  const supervisor = new Supervisor(named('old'));
  await supervisor.start();
  const load = startLoad(port);
  await supervisor.reload(named('new'));
  expect((await load.stop()).failures).toEqual([]);
  expect(await ask(port)).toBe(String(pids(supervisor)['new']));
  await supervisor.stop();
});

test.each<[string, unknown, object]>([
  [
    'an unknown option',
    { childs: [] },
    { code: 'INVALID_OPTION', message: expect.stringContaining('`childs`') },
  ],
  ['a contradiction', { children: [{ name: 'x' }] }, { code: 'INVALID_OPTION' }],
  [
    'a group named like one that was added alone',
    { children: [{ name: 'alone', ...sleeper, instances: 1 }] },
    { code: 'INVALID_OPTION' },
  ],
  ['a name that was added alone', { children: [{ name: 'alone', ...sleeper }] }, { code: 'INVALID_OPTION' }],
])('%s changes nothing', async (_what, options, expected) => {
  const supervisor = new Supervisor(serving({}));
  await supervisor.start();
  const alone = supervisor.add({ name: 'alone', ...sleeper });
  await waitUntil(() => alone.status().state === 'ready', { what: 'the child alone' });
  const before = pids(supervisor);
  await expect(supervisor.reload(options as object)).rejects.toMatchObject(expected);
  expect(pids(supervisor)).toEqual(before);
  await supervisor.stop();
});

test('a socket that cannot be bound changes nothing', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const supervisor = new Supervisor(serving({}));
  await supervisor.start();
  const before = pids(supervisor);
  const sockets = { free: { port: 0 }, taken: { port, host: '127.0.0.1' } };
  const next = { ...serving({}), sockets: { ...serving({}).sockets, ...sockets } };
  await expect(supervisor.reload(next)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    replaced: [],
    left: ['api'],
  });
  expect(pids(supervisor)).toEqual(before);
  expect(() => supervisor.address('free')).toThrow('There is no socket');
  other.close();
  await supervisor.stop();
});

test('a held port that moves to another host is said to be held by ourselves', async () => {
  const port = await freePort();
  const at = (host: string): SupervisorOptions => ({ ...serving({}), sockets: { api: { port, host } } });
  const supervisor = new Supervisor(at('127.0.0.1'));
  await supervisor.start();
  await expect(supervisor.reload(at('0.0.0.0'))).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining(`port ${port} is held already, at 127.0.0.1 as "api"`),
  });
  await supervisor.stop();
});

test('a signal reloads what configure returns, one that fails changes nothing, and after a stop it is not taken', async () => {
  let release = '1';
  const supervisor = new Supervisor({
    ...serving({ env: { TOLD: release } }),
    reloadSignals: ['SIGHUP'],
    configure: async () => {
      if (release === 'broken') throw new Error('no such release');
      return serving({ env: { TOLD: release } });
    },
  });
  const observed = observe(supervisor);
  const reloads = observeReloads(supervisor);
  const listeners = process.listenerCount('SIGHUP');
  await supervisor.start();
  expect(process.listenerCount('SIGHUP')).toBe(listeners + 1);
  for (release of ['2', 'broken', '3']) {
    const before = reloads.length;
    process.kill(process.pid, 'SIGHUP');
    await waitUntil(() => reloads.length > before, { what: `the reload to ${release}` });
  }
  expect(reloads.map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'done']);
  expect(reloads[1]?.error).toMatchObject({
    code: 'CONFIG_NOT_LOADED',
    message: expect.stringContaining('no such release'),
    left: ['api'],
  });
  expect(observed.lines('api')).toEqual(['1', '2', '3']);
  await supervisor.stop();
  expect(process.listenerCount('SIGHUP')).toBe(listeners);
});

test('a child that has failed is started by the release that mends it', async () => {
  const supervisor = new Supervisor({ children: [{ name: 'api', ...sleeper, restart: false }] });
  const observed = observe(supervisor);
  await supervisor.start();
  process.kill(pids(supervisor)['api'] ?? 0, 'SIGKILL');
  await waitUntil(() => observed.failures.length === 1, { what: 'the failure' });
  await supervisor.reload();
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }]);
  await supervisor.stop();
});

test('a child that waits for its restart is started by a reload at once, with its new settings', async () => {
  const child = (script: string): ChildOptions => ({
    name: 'api',
    command: 'sh',
    args: ['-c', script],
    restart: { initialDelayMs: 600_000, maxDelayMs: 600_000, jitter: 0 },
  });
  const supervisor = new Supervisor({ children: [child('echo old; exec sleep 600')] });
  const observed = observe(supervisor);
  await supervisor.start();
  // The first restart after a healthy spell comes at once.
  for (const crash of [1, 2]) {
    await waitUntil(() => observed.lines('api').length === crash, { what: `process ${crash}` });
    process.kill(pids(supervisor)['api'] ?? 0, 'SIGKILL');
    await waitUntil(() => observed.exits.length === crash, { what: `crash ${crash}` });
  }
  expect(supervisor.status()).toMatchObject([{ state: 'backing off' }]);
  await supervisor.reload({ children: [child('echo new; exec sleep 600')] });
  await waitUntil(() => observed.lines('api').at(-1) === 'new', { what: 'the new one' });
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }]);
  await supervisor.stop();
});

function serving(child: Partial<ChildOptions>): SupervisorOptions {
  return {
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'api', ...told, sockets: ['api'], ...child }],
  };
}

function observeReloads(supervisor: Supervisor): ReloadEvent[] {
  const events: ReloadEvent[] = [];
  supervisor.on('reload', (event) => events.push(event));
  return events;
}

function pids(supervisor: Supervisor): Record<string, number> {
  return Object.fromEntries(supervisor.status().map(({ name, pid = 0 }) => [name, pid]));
}
