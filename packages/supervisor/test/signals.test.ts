import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isAlive, signalTogether, tellV8Flags } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { fixture, startMainProgram } from './observe.ts';

test.concurrent.each<{ signals: NodeJS.Signals[] }>([
  { signals: ['SIGTERM'] },
  { signals: ['SIGINT'] },
  { signals: ['SIGINT', 'SIGTERM'] },
])('$signals stops everything and exits with 0', async ({ signals }) => {
  const main = startMainProgram({
    children: [
      { name: 'sh', command: 'sh', args: ['-c', `trap exit TERM; echo up; while :; do sleep 0.05; done`] },
    ],
  });
  await main.event('output', { line: 'up' });
  // Two within half a second are one, as when npm passes on what the terminal has sent already.
  await signalTogether(main.pid, ...signals);
  expect(await main.exited).toEqual([0, null]);
  expect(main.events.at(-1)).toMatchObject({ name: 'state', to: 'stopped' });
});

test.concurrent('a later second signal ends everything at once', async () => {
  const main = startMainProgram({
    children: [
      {
        name: 'deaf',
        command: 'sh',
        args: ['-c', `trap '' TERM; echo up; while :; do sleep 0.05; done`],
        stopTimeoutMs: 600_000,
      },
    ],
  });
  const { pid } = await main.event('output', { line: 'up' });
  // Again and again: the first one that is no duplicate counts.
  const impatience = setInterval(() => main.process.kill('SIGTERM'), 50);
  expect(await main.exited).toEqual([1, null]);
  clearInterval(impatience);
  expect(isAlive(pid as number)).toBe(false);
  expect(main.events.find(({ name }) => name === 'exit')).toMatchObject({ signal: 'SIGKILL' });
});

test.concurrent('a signal during the start exits with 0 too, and nothing after the start runs', async () => {
  const main = startMainProgram({
    children: [{ name: 'slow', script: fixture('family.mjs'), readiness: 'message' }],
  });
  await main.event('output');
  process.kill(main.pid, 'SIGTERM');
  expect(await main.exited).toEqual([0, null]);
  expect(main.events.some(({ name }) => name === 'started')).toBe(false);
});

// Stated as what V8 is told: that a process hangs without it happens now and then, and on a busy machine only.
test.concurrent('the end waits for no compiler in the background, only a signal begins it', async () => {
  const options = { children: [{ name: 'sleep', command: 'sleep', args: ['600'] }] };
  const main = spawn(process.execPath, [fixture('supervise.mjs'), JSON.stringify(options)], {
    env: { ...process.env, NODE_OPTIONS: tellV8Flags },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  main.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)));
  await once(main.stdout, 'data');
  expect(errors).toBe('');
  main.kill('SIGTERM');
  expect(await once(main, 'close')).toEqual([0, null]);
  expect(errors).toBe('V8 flags: --no-concurrent-sparkplug\n');
});
