// A reload with other options than before.
import { Supervisor, type ChildOptions, type SupervisorOptions } from '@silly-face/supervisor';
import { freePort, isAlive, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { startLoad } from './load.ts';
import { observe, pids, portOf } from './observe.ts';
import { serving, sleeper, told } from './told.ts';

test('the new processes have the new environment and arguments, and no request is lost', async () => {
  const supervisor = new Supervisor(serving({ env: { TOLD: 'old' }, args: ['1'] }));
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor);
  const load = startLoad(port);
  await supervisor.reload(serving({ env: { TOLD: 'new' }, args: ['2'] }));
  expect((await load.stop()).failures).toEqual([]);
  expect(observed.lines('api')).toEqual(['old 1', 'new 2']);
  expect(supervisor.address('api')).toMatchObject({ port });
  await supervisor.stop();
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
  const { reloads } = observed;
  await supervisor.start();
  const before = pids(supervisor);
  const kept = supervisor.address('kept');
  const gone = portOf(supervisor, 'gone');
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
  expect(await ask(portOf(supervisor, 'web'))).toBe(String(pids(supervisor)['web']));
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
  const { reloads } = observed;
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
