// A reload that fails.
import { Supervisor, type ChildOptions, type SupervisorOptions } from '@silly-face/supervisor';
import { freePort, waitUntil } from '@silly-face/testing';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { startLoad } from './load.ts';
import { fixture, observe, pids, portOf } from './observe.ts';
import { serving, sleeper, told } from './told.ts';

test('a release that fails leaves the old process with its old settings, also after a later crash', async () => {
  const supervisor = new Supervisor(serving({ env: { TOLD: 'old' } }));
  const observed = observe(supervisor);
  const { reloads } = observed;
  await supervisor.start();
  const port = portOf(supervisor);
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
  const port = portOf(other);
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
