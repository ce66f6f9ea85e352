// How a reload goes from child to child, and how it meets other operations.
import { Supervisor, type ChildOptions } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { observe, type Observed } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

const sleeper = { command: 'sleep', args: ['600'] };
let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
});

test('four children are replaced two at a time', async () => {
  const supervisor = new Supervisor({
    reloadParallelism: 2,
    children: [{ name: 'api', instances: 4, listen: { port: 0, host: '127.0.0.1' }, ...gated() }],
  });
  const observed = observe(supervisor);
  const started = supervisor.start();
  openGate(observed, 4);
  await started;
  const reloaded = supervisor.reload();
  await waitUntil(() => waiting(observed).length === 6, { what: 'two replacements' });
  expect(waiting(observed).slice(4).toSorted()).toEqual(['api-1', 'api-2']);
  letGo(observed, 4);
  await waitUntil(() => waiting(observed).length === 7, { what: 'the third replacement' });
  // One slot is free, so one more begins, while the other still waits.
  expect(waiting(observed)[6]).toBe('api-3');
  for (const place of [5, 6]) letGo(observed, place);
  await waitUntil(() => waiting(observed).length === 8, { what: 'the fourth replacement' });
  letGo(observed, 7);
  await reloaded;
  expect(supervisor.status().map(({ state }) => state)).toEqual(['ready', 'ready', 'ready', 'ready']);
  await supervisor.stop();
});

test('children are replaced in the order of `after`, and stop in reverse', async () => {
  const supervisor = new Supervisor({
    children: [
      { name: 'web', ...sleeper, after: ['api'] },
      { name: 'api', ...sleeper, instances: 2, after: ['db'] },
      { name: 'db', ...sleeper },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.reload();
  const ready = observed.states.filter(({ to }) => to === 'ready').map(({ child }) => child);
  expect(ready.slice(4)).toEqual(['db', 'api-1', 'api-2', 'web']);
  const before = observed.states.length;
  await supervisor.stop();
  const stopped = observed.states.slice(before).filter(({ to }) => to === 'stopped');
  expect(stopped.map(({ child }) => child)).toEqual([
    'web',
    expect.stringMatching('api'),
    expect.stringMatching('api'),
    'db',
  ]);
});

test('with stop-first the old process has ended, and the wait is over, before the new one is started', async () => {
  const pauseMs = 300;
  const supervisor = new Supervisor({
    children: [{ name: 'api', ...sleeper, reload: 'stop-first', reloadPauseMs: pauseMs }],
  });
  const moments: { to: string; at: number }[] = [];
  supervisor.on('state', ({ to }) => moments.push({ to, at: performance.now() }));
  await supervisor.start();
  await supervisor.reload();
  expect(moments.map(({ to }) => to)).toEqual([
    'starting',
    'ready',
    'stopping',
    'stopped',
    'starting',
    'ready',
  ]);
  const [stopped, starting] = moments.slice(3);
  // Timers may fire a moment early.
  expect((starting?.at ?? 0) - (stopped?.at ?? 0)).toBeGreaterThan(pauseMs - 10);
  await supervisor.stop();
});

test('with stop-first a release that fails is followed by the old settings', async () => {
  const child = (script: string): ChildOptions => ({
    name: 'job',
    command: 'sh',
    args: ['-c', script],
    reload: 'stop-first',
  });
  const supervisor = new Supervisor({ children: [child('echo old; exec sleep 600')] });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.lines('job').includes('old'), { what: 'the first word' });
  const healthCheck = (): boolean => false;
  const bad = { ...child('echo new; exit 5'), healthCheck };
  await expect(supervisor.reload({ children: [bad] })).rejects.toMatchObject({
    code: 'CHILD_EXITED',
    lastLines: ['new'],
    left: ['job'],
  });
  await waitUntil(() => observed.lines('job').at(-1) === 'old', { what: 'the old one again' });
  expect(observed.lines('job')).toEqual(['old', 'new', 'old']);
  await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'it to be ready' });
  await supervisor.stop();
});

test('a child with `reload: none` is left alone, and has its new settings from its next start', async () => {
  const child = (word: string): ChildOptions => ({
    name: 'db',
    command: 'sh',
    args: ['-c', `echo ${word}; exec sleep 600`],
    reload: 'none',
  });
  const supervisor = new Supervisor({ children: [child('old')] });
  const observed = observe(supervisor);
  const { reloads } = observed;
  await supervisor.start();
  await waitUntil(() => observed.lines('db').includes('old'), { what: 'the first word' });
  await supervisor.reload({ children: [child('new')] });
  expect(reloads).toMatchObject([{ outcome: 'done', replaced: [], left: ['db'] }]);
  expect(observed.path('db')).toEqual(['starting', 'ready']);
  await supervisor.restart('db');
  await waitUntil(() => observed.lines('db').length === 2, { what: 'its next start' });
  expect(observed.lines('db')).toEqual(['old', 'new']);
  await supervisor.stop();
});

test('reloads that wait become one, which takes the options that it finds', async () => {
  let asked = 0;
  const configured = { children: [{ name: 'api', ...gated(), listen: { port: 0, host: '127.0.0.1' } }] };
  const supervisor = new Supervisor({
    ...configured,
    configure: () => {
      asked += 1;
      return configured;
    },
  });
  const observed = observe(supervisor);
  const { reloads } = observed;
  const started = supervisor.start();
  openGate(observed, 1);
  await started;
  const first = supervisor.reload();
  await waitUntil(() => waiting(observed).length === 2, { what: 'the first reload' });
  const others = [supervisor.reload(), supervisor.reload(), supervisor.reload()];
  expect(asked).toBe(1);
  letGo(observed, 1);
  await first;
  await waitUntil(() => waiting(observed).length === 3, { what: 'the second reload' });
  letGo(observed, 2);
  await Promise.all(others);
  expect(asked).toBe(2);
  expect(reloads.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
  expect(waiting(observed)).toHaveLength(3);
  await supervisor.stop();
});

test('a reload, a scale and a restart that are asked for at once come one after the other', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'api', ...gated(), instances: 1, listen: { port: 0, host: '127.0.0.1' } }],
  });
  const observed = observe(supervisor);
  const started = supervisor.start();
  openGate(observed, 1);
  await started;
  const ends: string[] = [];
  const asked = [
    supervisor.scale('api', 2).then(() => ends.push('scale')),
    supervisor.reload().then(() => ends.push('reload')),
    supervisor.restart('api-2').then(() => ends.push('restart')),
  ];
  for (const [place, child] of ['api-2', 'api-1', 'api-2', 'api-2'].entries()) {
    await waitUntil(() => waiting(observed).length === place + 2, { what: `start ${place}` });
    expect(waiting(observed).at(-1)).toBe(child);
    letGo(observed, place + 1);
  }
  await Promise.all(asked);
  expect(ends).toEqual(['scale', 'reload', 'restart']);
  await supervisor.stop();
});

test('a stop during a reload, with others waiting, ends everything', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'api', ...gated(), instances: 2, listen: { port: 0, host: '127.0.0.1' } }],
  });
  const observed = observe(supervisor);
  const started = supervisor.start();
  openGate(observed, 2);
  await started;
  const asked = [supervisor.reload(), supervisor.scale('api', 3), supervisor.restart('api')];
  const outcomes = Promise.allSettled(asked);
  await waitUntil(() => waiting(observed).length === 3, { what: 'the replacement' });
  await supervisor.stop();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STOPPED' } });
  }
  expect(observed.exits).toHaveLength(3);
  expect(observed.exits.some(({ pid }) => isAlive(pid))).toBe(false);
  await expect(supervisor.restart('api')).rejects.toMatchObject({ code: 'STOPPED' });
});

test('a stop during the wait of stop-first starts nothing any more', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'api', ...sleeper, reloadPauseMs: 600_000 }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const reloaded = supervisor.reload().catch((reason: unknown) => reason);
  await waitUntil(() => observed.path('api').at(-1) === 'stopped', { what: 'the wait' });
  await supervisor.stop();
  expect(await reloaded).toMatchObject({ code: 'STOPPED' });
  expect(observed.path('api')).toEqual(['starting', 'ready', 'stopping', 'stopped']);
});

/** A server that is ready when it gets SIGUSR2. */
function gated(): Pick<ChildOptions, 'script' | 'readiness'> {
  const script = join(folder, 'gated.mjs');
  writeFileSync(
    script,
    `import { createServer } from 'node:http';
     process.on('SIGUSR2', () => createServer().listen({ fd: 3 }, () => process.send('ready')));
     setInterval(() => {}, 60_000);
     console.log('waiting');`,
  );
  return { script, readiness: 'message' };
}

/** The children whose processes have come to the gate, in that order. */
function waiting(observed: Observed): string[] {
  return gates(observed).map(({ child }) => child);
}

function gates(observed: Observed): Observed['output'] {
  return observed.output.filter(({ line }) => line === 'waiting');
}

function letGo(observed: Observed, place: number): void {
  process.kill(gates(observed)[place]?.pid ?? 0, 'SIGUSR2');
}

/** Lets the first ones go as they come. */
function openGate(observed: Observed, count: number): void {
  void (async () => {
    for (let place = 0; place < count; place++) {
      await waitUntil(() => gates(observed).length > place, { what: `start ${place}` });
      letGo(observed, place);
    }
  })();
}
