import { Supervisor } from '@silly-face/supervisor';
import { freePort, waitUntil } from '@silly-face/testing';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, observe, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

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
  const folder = temporaryFolder();
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
});

test('with held sockets the next process starts before the end of the last one is told, its last words not lost', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'api', script: fixture('standing.cjs'), sockets: ['api'], restart: { maxRestarts: 1 } },
    ],
  });
  const observed = observe(supervisor);
  const order: string[] = [];
  supervisor.on('state', ({ to }) => order.push(to));
  supervisor.on('exit', () => order.push('exit'));
  await supervisor.start();
  const port = portOf(supervisor);
  // The crash itself may well reset the connection that asks for it.
  await ask(port, '/crash').catch(() => {});
  await waitUntil(() => order.includes('exit') && order.at(-1) === 'ready', { what: 'the restart' });
  expect(order.slice(0, 4)).toEqual(['starting', 'ready', 'backing off', 'starting']);
  await ask(port, '/crash').catch(() => {});
  await waitUntil(() => observed.failures.length > 0, { what: 'the failure' });
  expect(observed.failures[0]?.error.cause).toMatchObject({
    code: 'CHILD_EXITED',
    exitCode: 3,
    lastLines: ['at its port: true, listening: true', 'called back, listening: true'],
  });
  // By then everybody has heard of the end.
  expect(observed.exits).toHaveLength(2);
  await supervisor.stop();
});

test('without held sockets the next process starts when nothing is left of the last one', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'sh', command: 'sh', args: ['-c', 'exit 1'], restart: { maxRestarts: 1 } }],
  });
  const order: string[] = [];
  supervisor.on('state', ({ to }) => order.push(to));
  supervisor.on('exit', () => order.push('exit'));
  await supervisor.start();
  await waitUntil(() => order.at(-1) === 'failed', { what: 'the failure' });
  expect(order).toEqual(['starting', 'ready', 'exit', 'backing off', 'starting', 'ready', 'exit', 'failed']);
  await supervisor.stop();
});

test.each([
  ['exits with 0 at once', 'process.exit(0)', { code: 'CHILD_EXITED', exitCode: 0 }],
  ['crashes at once', `throw new Error('no')`, { code: 'CHILD_EXITED', exitCode: 1 }],
])('a script that %s is tried again later and later, then given up', async (_what, code, cause) => {
  const folder = temporaryFolder();
  const script = join(folder, 'app.js');
  writeFileSync(script, code);
  const supervisor = new Supervisor({ sockets: { api: { port: 0, host: '127.0.0.1' } } });
  const observed = observe(supervisor);
  await supervisor.bind();
  supervisor.add({
    name: 'app',
    script,
    sockets: ['api'],
    spare: true,
    restart: { initialDelayMs: 20, jitter: 0, maxRestarts: 3 },
  });
  await waitUntil(() => observed.failures.length > 0, { what: 'the failure' });
  expect(observed.failures[0]?.error).toMatchObject({ code: 'RESTART_LIMIT', cause });
  const waits = observed.states.flatMap(({ to, reason }) =>
    to === 'backing off' ? (/(\d+) ms$/.exec(reason)?.[1] ?? '') : [],
  );
  expect(waits).toEqual(['0', '20', '40']);
  expect(observed.exits).toHaveLength(4);
  await supervisor.stop();
});

test.each([
  ['Node.js', { script: fixture('server.mjs'), readiness: 'message' as const }, 1],
  [
    'another program',
    {
      command: 'sh',
      args: ['-c', 'echo "bind: Address already in use" >&2; exit 98'],
      restart: false as const,
    },
    98,
  ],
])(
  'a port that %s finds taken is an error of its own, with whoever has it',
  async (_what, options, exitCode) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = portOf(other);
    const supervisor = new Supervisor({ children: [{ name: 'api', port, ...options }] });
    const observed = observe(supervisor);
    const error: unknown = await supervisor.start().then(
      async () => (await waitUntil(() => observed.failures[0], { what: 'the failure' })).error,
      (reason: unknown) => reason,
    );
    const owner = process.platform === 'linux' ? `process ${process.pid}` : 'another process';
    expect(error).toMatchObject({
      code: 'PORT_TAKEN',
      child: 'api',
      exitCode,
      message: expect.stringContaining(`: port ${port} is taken by ${owner}`),
    });
    await supervisor.stop();
    other.close();
  },
);

test('one that crashes and one that hangs do not touch a healthy one', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { name: 'healthy', script: fixture('server.mjs'), sockets: ['api'], readiness: 'message' },
      {
        name: 'crasher',
        command: 'false',
        restart: { initialDelayMs: 1, maxDelayMs: 5, maxRestarts: 20 },
      },
      {
        name: 'hanging',
        command: 'sh',
        args: ['-c', `trap '' TERM; while :; do sleep 0.1; done`],
        port: await freePort(),
        readiness: 'spawn',
        healthCheck: () => {},
        healthCheckIntervalMs: 10,
        healthCheckTimeoutMs: 20,
        unhealthyThreshold: 2,
        stopTimeoutMs: 50,
      },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor);
  const [{ pid } = {}] = supervisor.status();
  const answers = new Set<string>();
  await waitUntil(
    async () => {
      answers.add(await ask(port));
      const [, crasher, hanging] = supervisor.status();
      return crasher?.state === 'failed' && (hanging?.restartsByReason.unhealthy ?? 0) >= 2;
    },
    { what: 'the misery of the others', intervalMs: 1 },
  );
  expect([...answers]).toEqual([String(pid)]);
  expect(observed.path('healthy')).toEqual(['starting', 'ready']);
  await supervisor.stop();
});
