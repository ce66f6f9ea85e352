import { Supervisor, SupervisorError, type ChildOptions } from '@silly-face/supervisor';
import { isAlive, openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { fixture, observe } from './observe.ts';

const sleeper = { command: 'sleep', args: ['600'] };

test('children start after those that they wait for and stop in reverse, instances one by one', async () => {
  const supervisor = new Supervisor({
    children: [
      { name: 'api', ...sleeper, instances: 2, after: ['migrate', 'db'] },
      { name: 'migrate', command: 'sh', args: ['-c', 'sleep 0.2; echo migrated'], task: true, after: ['db'] },
      { name: 'db', ...sleeper },
      { name: 'web', ...sleeper, after: ['api'] },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  expect(supervisor.status().map(({ name, state }) => [name, state])).toEqual([
    ['api-1', 'ready'],
    ['api-2', 'ready'],
    ['migrate', 'completed'],
    ['db', 'ready'],
    ['web', 'ready'],
  ]);
  const pids = supervisor.status().flatMap(({ pid }) => pid ?? []);
  const when = (child: string, state: string): number =>
    observed.states.findIndex((event) => event.child === child && event.to === state);
  expect(when('migrate', 'starting')).toBeGreaterThan(when('db', 'ready'));
  expect(when('api-1', 'starting')).toBeGreaterThan(when('migrate', 'completed'));
  expect(when('web', 'starting')).toBeGreaterThan(Math.max(when('api-1', 'ready'), when('api-2', 'ready')));
  await Promise.all([supervisor.stop(), supervisor.stop()]);
  expect(when('api-1', 'stopping')).toBeGreaterThan(when('web', 'stopped'));
  expect(when('db', 'stopping')).toBeGreaterThan(
    Math.max(when('api-1', 'stopped'), when('api-2', 'stopped')),
  );
  expect(observed.path('db')).toEqual(['starting', 'ready', 'stopping', 'stopped']);
  expect(pids).toHaveLength(4);
  expect(pids.filter(isAlive)).toEqual([]);
});

test('a child whose stop signal has no effect gets SIGKILL after its limit', async () => {
  const script = `trap 'echo heard' INT; echo up; while :; do sleep 0.05; done`;
  const supervisor = new Supervisor({
    children: [
      { name: 'deaf', command: 'sh', args: ['-c', script], stopSignal: 'SIGINT', stopTimeoutMs: 3_000 },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.lines('deaf').includes('up'), { what: 'the trap' });
  await supervisor.stop();
  expect(observed.lines('deaf')).toContain('heard');
  expect(observed.exits).toMatchObject([{ child: 'deaf', code: null, signal: 'SIGKILL' }]);
});

test('a failing task fails the start, with its last words, after everything has stopped', async () => {
  const before = openDescriptors();
  const supervisor = new Supervisor({
    children: [
      { name: 'db', ...sleeper },
      {
        name: 'migrate',
        command: 'sh',
        args: ['-c', 'echo no such table >&2; exit 4'],
        task: true,
        after: ['db'],
      },
      { name: 'api', ...sleeper, after: ['migrate'] },
    ],
  });
  const observed = observe(supervisor);
  const error = await supervisor.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SupervisorError);
  expect(error).toMatchObject({
    code: 'TASK_FAILED',
    child: 'migrate',
    exitCode: 4,
    lastLines: ['no such table'],
    message: 'Task "migrate" exited with code 4; its last words:\n  no such table',
  });
  expect(supervisor.status().map(({ state }) => state)).toEqual(['stopped', 'failed', 'stopped']);
  expect(observed.path('api')).toEqual([]);
  await waitUntil(() => openDescriptors() <= before, { what: 'closed descriptors' });
});

test.each<[string, Omit<ChildOptions, 'name'>, object]>([
  ['a script that does not exist', { script: 'nowhere/at-all.js' }, { code: 'SCRIPT_NOT_FOUND' }],
  ['a program that does not exist', { command: 'no-such-program' }, { code: 'COMMAND_NOT_FOUND' }],
  ['a file that is no program', { command: fixture('server.mjs') }, { code: 'COMMAND_NOT_FOUND' }],
  [
    'a folder that does not exist',
    { command: 'true', cwd: '/no/such/folder' },
    {
      code: 'SPAWN_FAILED',
      message: 'Child "it" cannot be started: its cwd /no/such/folder is not a folder',
    },
  ],
  ['a user who does not exist', { command: 'true', user: 'no-such-user' }, { code: 'USER_NOT_FOUND' }],
  [
    'an exit before the first word',
    { script: fixture('burst.mjs'), readiness: 'message' },
    { code: 'CHILD_EXITED', exitCode: 1 },
  ],
  [
    'a child that never says that it is ready',
    {
      command: 'sh',
      args: ['-c', 'echo still loading; exec sleep 600'],
      healthCheck: () => {},
      readyTimeoutMs: 1_000,
    },
    {
      code: 'CHILD_NOT_READY',
      message: expect.stringMatching(
        /^Child "it" was not ready within 1000 ms; its last words:\n {2}still loading$/,
      ),
      lastLines: ['still loading'],
    },
  ],
  [
    'a task that takes too long',
    { ...sleeper, task: true, readyTimeoutMs: 200 },
    { code: 'CHILD_NOT_READY', message: 'Task "it" did not complete within 200 ms' },
  ],
])('%s fails the start with an error of its own', async (_what, options, expected) => {
  const supervisor = new Supervisor({ children: [{ name: 'it', ...options }] });
  await expect(supervisor.start()).rejects.toMatchObject({ child: 'it', ...expected });
  expect(supervisor.status()).toMatchObject([{ state: 'failed', pid: undefined }]);
});

test('a stop during the start ends what has started, and the start says so', async () => {
  const supervisor = new Supervisor({
    children: [
      { name: 'db', ...sleeper },
      { name: 'slow', script: fixture('family.mjs'), readiness: 'message', after: ['db'] },
    ],
  });
  const observed = observe(supervisor);
  const started = supervisor.start().catch((reason: unknown) => reason);
  await waitUntil(() => observed.lines('slow').length > 0, { what: 'the slow child' });
  await supervisor.stop();
  expect(await started).toMatchObject({ code: 'STOPPED' });
  expect(supervisor.status().map(({ state }) => state)).toEqual(['stopped', 'stopped']);
  await expect(new Supervisor().stop()).resolves.toBeUndefined();
});

test('the given environment wins over ours, the caller keeps an untouched object, and PORT is set', async () => {
  process.env['SUPERVISOR_TEST'] = 'ours';
  const env = Object.freeze({ SUPERVISOR_TEST: 'given', HOME: undefined });
  const script = 'echo $SUPERVISOR_TEST $PORT ${HOME-none}';
  const supervisor = new Supervisor({
    children: [
      { name: 'sh', command: 'sh', args: ['-c', script], env, port: 4001, instances: 2, task: true },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  expect(observed.output.map(({ line }) => line).toSorted()).toEqual(['given 4001 none', 'given 4002 none']);
  await supervisor.stop();
  delete process.env['SUPERVISOR_TEST'];
});
