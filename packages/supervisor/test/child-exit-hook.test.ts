import {
  spawnMonitoredChild,
  Supervisor,
  type ExitEvent,
  type HookFailedEvent,
} from '@silly-face/supervisor';
import { freePort, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { fixture, observe } from './observe.ts';

const crasher = { name: 'crasher', command: 'sh', args: ['-c', 'echo last words; exit 9'] };

test('the hook hears of every end, after the last line, while the next process is on its way', async () => {
  const heard: ExitEvent[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const supervisor = new Supervisor({
    children: [{ ...crasher, restart: { initialDelayMs: 1, maxRestarts: 2 } }],
    onChildExit: async (event) => {
      heard.push(event);
      await released;
    },
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.failures.length > 0, { what: 'the last crash' });
  expect(heard).toEqual(observed.exits);
  expect(heard[0]).toMatchObject({ child: 'crasher', code: 9, lastLines: ['last words'] });
  let hasStopped = false;
  const stopped = supervisor.stop().then(() => (hasStopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasStopped).toBe(false);
  release();
  await stopped;
});

test('a hook that throws, rejects or takes too long is an event, and nothing else', async () => {
  const failed: HookFailedEvent[] = [];
  const signals: AbortSignal[] = [];
  const hooks = [
    () => {
      throw new Error('thrown');
    },
    async () => Promise.reject(new Error('rejected')),
    async (_event: ExitEvent, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      await new Promise(() => {});
    },
  ];
  const supervisor = new Supervisor({
    children: hooks.map((onChildExit, index) => ({
      name: `hook-${index}`,
      command: 'true',
      task: true,
      onChildExit,
    })),
    onChildExitTimeoutMs: 200,
  });
  supervisor.on('hookFailed', (event) => failed.push(event));
  await supervisor.start();
  await supervisor.stop();
  expect(failed.toSorted((a, b) => (a.child ?? '').localeCompare(b.child ?? ''))).toMatchObject(
    ['thrown', 'rejected', 'it did not finish within 200 ms'].map((reason, index) => ({
      child: `hook-${index}`,
      error: {
        code: 'HOOK_FAILED',
        message: expect.stringMatching(
          new RegExp(`^The hook after the end of process \\d+ of child "hook-${index}" failed: ${reason}$`),
        ),
      },
    })),
  );
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});

test('a kill waits for hooks no longer than a second', async () => {
  const failed: HookFailedEvent[] = [];
  const heard: ExitEvent[] = [];
  let signal: AbortSignal | undefined;
  const supervisor = new Supervisor({
    children: ['one', 'two'].map((name) => ({ name, command: 'sleep', args: ['600'] })),
    onChildExit: async (event, context) => {
      heard.push(event);
      signal = context.signal;
      await new Promise(() => {});
    },
    onChildExitTimeoutMs: 600_000,
  });
  supervisor.on('hookFailed', (event) => failed.push(event));
  await supervisor.start();
  const stopped = supervisor.stop('one').then(async () => supervisor.stop());
  await waitUntil(() => heard.length === 2, { what: 'the hooks' });
  expect(signal?.aborted).toBe(false);
  await supervisor.kill();
  await stopped;
  expect(signal?.aborted).toBe(true);
  expect(failed.map(({ child }) => child)).toEqual(['one', 'two']);
});

test('a monitored child has a hook of its own, and a script that does not exist is given up with its reason', async () => {
  const heard: ExitEvent[] = [];
  const port = await freePort();
  const child = spawnMonitoredChild(fixture('greeter.mjs'), port, () => true, undefined, {
    onLine: () => {},
    onChildExit: (event) => void heard.push(event),
  });
  const observed = observe(child.supervisor);
  const missing = spawnMonitoredChild('/no/such/script.js', port, () => true, undefined, {
    name: 'missing',
    restart: { initialDelayMs: 1, maxRestarts: 2 },
  });
  await waitUntil(() => child.status().state === 'ready', { what: 'the child' });
  await waitUntil(() => observed.failures.length > 0, { what: 'the failure of the other one' });
  expect(observed.failures).toMatchObject([
    {
      child: 'missing',
      error: {
        code: 'RESTART_LIMIT',
        message: expect.stringContaining('/no/such/script.js does not exist'),
        cause: { code: 'SCRIPT_NOT_FOUND' },
      },
    },
  ]);
  await Promise.all([child.stop(), missing.stop()]);
  expect(heard).toMatchObject([{ child: child.name, signal: 'SIGTERM', spare: false }]);
  await child.supervisor.stop();
});
