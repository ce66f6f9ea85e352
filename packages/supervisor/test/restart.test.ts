import { Supervisor } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { observe } from './observe.ts';

test('a child that keeps crashing is started later and later, then given up, and the others live on', async () => {
  const supervisor = new Supervisor({
    children: [
      {
        name: 'crasher',
        command: 'sh',
        args: ['-c', 'echo cannot; exit 9'],
        restart: { initialDelayMs: 20, jitter: 0, maxRestarts: 4, maxDelayMs: 40 },
      },
      { name: 'steady', command: 'sleep', args: ['600'] },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.failures.length > 0, { what: 'the failure' });
  expect(observed.failures).toMatchObject([
    {
      child: 'crasher',
      error: {
        code: 'RESTART_LIMIT',
        child: 'crasher',
        exitCode: 9,
        message: expect.stringContaining('after 4 restarts within 60000 ms'),
        cause: { code: 'CHILD_EXITED', lastLines: ['cannot'] },
      },
    },
  ]);
  const waits = observed.states.flatMap(({ to, reason }) => (to === 'backing off' ? reason : []));
  expect(waits).toEqual(
    [0, 20, 40, 40].map((ms) => `Child "crasher" exited with code 9; next start in ${ms} ms`),
  );
  expect(observed.exits).toHaveLength(5);
  expect(supervisor.status()).toMatchObject([
    { name: 'crasher', state: 'failed', restarts: 4, pid: undefined },
    { name: 'steady', state: 'ready', restarts: 0 },
  ]);
  await supervisor.stop();
  expect(supervisor.status().map(({ state }) => state)).toEqual(['failed', 'stopped']);
});

test('after a healthy spell the waits begin anew', async () => {
  const supervisor = new Supervisor({
    children: [
      {
        name: 'napper',
        command: 'sh',
        args: ['-c', 'sleep 0.2; exit 1'],
        restart: { initialDelayMs: 5_000, resetAfterMs: 100 },
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  // Were they counted in a row, the second wait would be seconds.
  await waitUntil(() => observed.exits.length >= 3, { what: 'three naps' });
  expect(
    observed.states
      .filter(({ to }) => to === 'backing off')
      .every(({ reason }) => reason.endsWith('in 0 ms')),
  ).toBe(true);
  await supervisor.stop();
});

test('a child that is never restarted fails at its first end', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'once', command: 'sh', args: ['-c', 'echo bye'], restart: false }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.failures.length > 0, { what: 'the failure' });
  expect(observed.failures).toMatchObject([
    { error: { code: 'CHILD_EXITED', exitCode: 0, lastLines: ['bye'] } },
  ]);
  await supervisor.stop();
});

test('a stop during the wait before a restart ends the wait', async () => {
  const supervisor = new Supervisor({
    children: [
      {
        name: 'crasher',
        command: 'false',
        restart: { initialDelayMs: 60_000, maxDelayMs: 60_000, jitter: 0 },
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.states.filter(({ to }) => to === 'backing off').length === 2, {
    what: 'the wait',
  });
  await supervisor.stop();
  expect(observed.path('crasher').at(-1)).toBe('stopped');
});

test('a stop at any moment of a restart leaves nothing running', async () => {
  for (let round = 0; round < 12; round++) {
    const supervisor = new Supervisor({
      children: [{ name: 'crasher', command: 'false', restart: { initialDelayMs: 1, maxRestarts: 1_000 } }],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    await waitUntil(() => observed.states.length > round, { what: 'the moment', intervalMs: 1 });
    await supervisor.stop();
    const reported = observed.states.length;
    expect(observed.path('crasher').at(-1)).toBe('stopped');
    await new Promise((resolve) => setImmediate(resolve));
    expect(observed.states).toHaveLength(reported);
  }
});

test('a restart follows links anew, so that it is the new release that starts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'supervisor-test-'));
  const link = join(folder, 'current.js');
  for (const release of ['1', '2']) {
    writeFileSync(
      join(folder, `${release}.js`),
      `console.log('release ${release}'); setTimeout(() => process.exit(1), 100);`,
    );
  }
  symlinkSync(join(folder, '1.js'), link);
  // The name without its ending is found as `node` finds it.
  const supervisor = new Supervisor({ children: [{ name: 'app', script: './current', cwd: folder }] });
  const observed = observe(supervisor);
  await supervisor.start();
  rmSync(link);
  symlinkSync(join(folder, '2.js'), link);
  await waitUntil(() => observed.lines('app').includes('release 2'), { what: 'the new release' });
  await supervisor.stop();
  expect(observed.lines('app')[0]).toBe('release 1');
  rmSync(folder, { recursive: true });
});
