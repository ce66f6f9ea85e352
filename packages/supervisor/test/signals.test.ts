import { isAlive, signalTogether } from '@silly-face/testing';
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
