import { Supervisor } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { fixture, observe } from './observe.ts';

test('a shell script is ready when it writes a line feed to the descriptor that it was told of', async () => {
  const supervisor = new Supervisor({
    sockets: { web: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'it',
        command: 'sh',
        args: [
          '-c',
          'echo $NOTIFY_FD; sleep 0.2; printf almost >&$NOTIFY_FD; echo done; echo >&$NOTIFY_FD; sleep 600',
        ],
        sockets: ['web'],
        readiness: 'notify',
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.lines('it').length === 2, { what: 'its output' });
  expect(observed.lines('it')).toEqual(['4', 'done']);
  expect(supervisor.status()[0]?.state).toBe('ready');
  await supervisor.stop();
});

test('a script may notify too, again and again, beside its heartbeat', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'it', script: fixture('notify.mjs'), readiness: 'notify', heartbeatTimeoutMs: 2_000 }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.lines('it').includes('wrote a megabyte'), {
    what: 'more than a pipe holds',
  });
  expect(supervisor.status()[0]).toMatchObject({ state: 'ready', loopLagMs: expect.any(Number) });
  await supervisor.stop();
});

test('one that closes the descriptor without a word is not ready', async () => {
  const supervisor = new Supervisor({
    children: [
      {
        name: 'it',
        command: 'sh',
        args: ['-c', 'exec 3>&-; sleep 600'],
        readiness: 'notify',
        readyTimeoutMs: 500,
      },
    ],
  });
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'CHILD_NOT_READY',
    message: 'Child "it" was not ready within 500 ms',
  });
});

test('a child that is not to notify is told of no descriptor, not even of one of ours', async () => {
  process.env['NOTIFY_FD'] = '3';
  try {
    const supervisor = new Supervisor({
      children: [{ name: 'it', command: 'sh', args: ['-c', 'echo "<$NOTIFY_FD>"'], task: true }],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    expect(observed.lines('it')).toEqual(['<>']);
    await supervisor.stop();
  } finally {
    delete process.env['NOTIFY_FD'];
  }
});
