// What is done to single children and groups of a running supervisor.
import { Supervisor } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { startLoad } from './load.ts';
import { fixture, observe, portOf } from './observe.ts';

const server = { script: fixture('server.mjs'), readiness: 'message' } as const;
const sleeper = { command: 'sleep', args: ['600'] };

test('a group grows and shrinks under requests, and none is refused', async () => {
  const supervisor = serving(1);
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor);
  const load = startLoad(port);
  await supervisor.scale('api', 4);
  expect(supervisor.status()).toMatchObject([1, 2, 3, 4].map((n) => ({ name: `api-${n}`, state: 'ready' })));
  await supervisor.scale('api', 2);
  expect((await load.stop()).failures).toEqual([]);
  expect(supervisor.status().map(({ name }) => name)).toEqual(['api-1', 'api-2']);
  expect(observed.exits.map(({ child, code }) => `${child} ${code}`).toSorted()).toEqual([
    'api-3 0',
    'api-4 0',
  ]);
  await supervisor.stop();
});

test('a reload keeps the size of a scaled group, unless its options say another one', async () => {
  const supervisor = serving(1);
  await supervisor.start();
  await supervisor.scale('api', 3);
  await supervisor.reload();
  expect(supervisor.status()).toHaveLength(3);
  const sockets = { api: { port: 0, host: '127.0.0.1' } };
  await supervisor.reload({
    sockets,
    children: [{ name: 'api', ...server, instances: 2, sockets: ['api'] }],
  });
  expect(supervisor.status()).toHaveLength(2);
  await supervisor.stop();
});

test('when a further instance does not get ready, none is added', async () => {
  const supervisor = new Supervisor({
    children: [
      {
        name: 'api',
        command: 'sh',
        args: ['-c', '[ "$PORT" = 4003 ] && { echo no room >&2; exit 3; }; exec sleep 600'],
        port: 4001,
        healthCheck: (port) => port !== 4003,
        instances: 1,
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await expect(supervisor.scale('api', 3)).rejects.toMatchObject({
    code: 'CHILD_EXITED',
    child: 'api-3',
    lastLines: ['no room'],
  });
  expect(supervisor.status().map(({ name }) => name)).toEqual(['api-1']);
  expect(observed.exits.some(({ pid }) => isAlive(pid))).toBe(false);
  await supervisor.stop();
});

test('what was asked for is counted as that, whether the new process comes before the end of the old one or after it', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'overlapping', ...server, sockets: ['api'] },
      { name: 'stopped-first', ...sleeper },
    ],
  });
  await supervisor.start();
  for (const name of ['overlapping', 'stopped-first']) {
    await supervisor.restart(name);
    await supervisor.restart(name);
  }
  await supervisor.reload();
  expect(supervisor.status()).toMatchObject(
    ['overlapping', 'stopped-first'].map((name) => ({
      name,
      restarts: 0,
      restartsByReason: { told: 2, reload: 1, exit: 0 },
    })),
  );
  await supervisor.stop();
});

test('a start after a reload starts each child once', async () => {
  const supervisor = new Supervisor();
  await supervisor.reload({ children: [{ name: 'early', ...sleeper }] });
  const [early] = supervisor.status();
  await supervisor.start();
  expect(supervisor.status()).toMatchObject([{ name: 'early', state: 'ready', pid: early?.pid }]);
  await supervisor.stop();
});

test('a child that was stopped by name stays so through a reload, with its socket closed, until it is started', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'api', ...server, instances: 2, listen: { port: 0, host: '127.0.0.1' } }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor, 'api-2');
  await supervisor.stop('api-2');
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(() => supervisor.address('api-2')).toThrow('The socket "api-2" is not bound');
  await supervisor.reload();
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }, { state: 'stopped', pid: undefined }]);
  await supervisor.start('api');
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }, { state: 'ready' }]);
  const next = portOf(supervisor, 'api-2');
  expect(await ask(next)).toBe(String(supervisor.status()[1]?.pid));
  // One that runs already is not touched by a start.
  expect(observed.path('api-1')).toEqual(['starting', 'ready', 'ready']);
  await supervisor.stop();
});

test('a restart by name replaces a child behind a held socket without a pause, and another one by stop and start', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'api', ...server, sockets: ['api'] },
      { name: 'bot', ...sleeper },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const load = startLoad(portOf(supervisor));
  await supervisor.restart('api');
  expect((await load.stop()).failures).toEqual([]);
  await supervisor.restart('bot');
  expect(observed.path('api')).toEqual(['starting', 'ready', 'ready']);
  expect(observed.path('bot')).toEqual(['starting', 'ready', 'stopping', 'stopped', 'starting', 'ready']);
  await supervisor.stop('bot');
  await supervisor.restart('bot');
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }, { state: 'ready' }]);
  await supervisor.stop();
});

test('a restart of a task runs it again', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'seed', command: 'echo', args: ['seeded'], task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.restart('seed');
  expect(observed.lines('seed')).toEqual(['seeded', 'seeded']);
  await supervisor.stop();
});

test('a start by name starts what has failed', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'it', command: 'sh', args: ['-c', 'exec sleep 600'], restart: false }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  process.kill(supervisor.status()[0]?.pid ?? 0, 'SIGKILL');
  await waitUntil(() => observed.failures.length === 1, { what: 'the failure' });
  await supervisor.start('it');
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }]);
  await supervisor.stop();
});

test('names and numbers that make no sense are refused', async () => {
  const supervisor = new Supervisor({ children: [{ name: 'it', ...sleeper }] });
  await expect(supervisor.restart('it')).rejects.toMatchObject({ code: 'NOT_STARTED' });
  await supervisor.start();
  for (const refused of [
    supervisor.restart('no'),
    supervisor.stop('no'),
    supervisor.start('no'),
    supervisor.scale('no', 2),
  ]) {
    await expect(refused).rejects.toMatchObject({
      code: 'UNKNOWN_CHILD',
      child: 'no',
      message: 'There is no child "no"; there are "it"',
    });
  }
  await expect(supervisor.scale('it', 2)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: 'Child "it" cannot be scaled: it is no group, its options have no `instances`',
  });
  await expect(supervisor.scale('it', 0)).rejects.toThrow(
    'Expected `instances` to be an integer from 1 to 1000, got 0',
  );
  expect(supervisor.status()).toMatchObject([{ state: 'ready' }]);
  await supervisor.stop();
});

function serving(instances: number): Supervisor {
  return new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'api', ...server, instances, sockets: ['api'] }],
  });
}
