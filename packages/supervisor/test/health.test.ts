import {
  Supervisor,
  httpCheck,
  lineCheck,
  tcpCheck,
  type ChildOptions,
  type HealthCheck,
} from '@silly-face/supervisor';
import assert from 'node:assert/strict';
import { freePort, waitUntil } from '@silly-face/testing';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { fixture, observe, portOf } from './observe.ts';

test.each<[string, string, HealthCheck]>([
  ['an HTTP check', 'server.mjs', httpCheck()],
  ['a TCP check', 'server.mjs', tcpCheck()],
  [
    'a line check after a greeting',
    'line-server.mjs',
    lineCheck({ greeting: /^PLS/, send: 'RING', expect: 'AHOY-HOY' }),
  ],
  ['a promise of a verdict', 'server.mjs', async (port) => (await fetch(`http://127.0.0.1:${port}/`)).ok],
  [
    'a promise of nothing',
    'server.mjs',
    async (port) => {
      await fetch(`http://127.0.0.1:${port}/`);
    },
  ],
  [
    'a callback',
    'server.mjs',
    (port, callback) => {
      const socket = connect(port, '127.0.0.1', () => callback(true));
      socket
        .on('error', () => callback(false))
        .on('close', () => socket.destroy())
        .end();
    },
  ],
])('%s makes a child ready as soon as it succeeds', async (_what, script, healthCheck) => {
  const supervisor = new Supervisor({ children: [await child({ script: fixture(script), healthCheck })] });
  await supervisor.start();
  expect(supervisor.status()[0]?.state).toBe('ready');
  await supervisor.stop();
});

test('a line check takes lines that end in LF alone too, and connects to a held socket by its name', async () => {
  const supervisor = new Supervisor({
    sockets: { other: { port: 0 }, web: { port: 0 } },
    children: [
      await child({
        script: fixture('line-server.mjs'),
        env: { LINE_ENDING: '\n' },
        healthCheck: lineCheck({ send: 'RING', expect: (line) => line === 'AHOY-HOY' }),
      }),
      {
        name: 'web',
        script: fixture('server.mjs'),
        sockets: ['web', 'other'],
        healthCheck: httpCheck({ path: '/somewhere', socket: 'web' }),
      },
    ],
  });
  await supervisor.start();
  expect(supervisor.status().map(({ state }) => state)).toEqual(['ready', 'ready']);
  await supervisor.stop();
});

test('every failure has its reason', async () => {
  const web = await child({ script: fixture('server.mjs'), readiness: 'message' });
  const party = await child({ script: fixture('line-server.mjs'), healthCheck: tcpCheck() });
  const supervisor = new Supervisor({
    children: [
      { ...web, name: 'web' },
      { ...party, name: 'party' },
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const nobody = await freePort();
  // Two servers that break off within an answer: one falls silent, the other hangs up.
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc';
  const silent = createServer((socket) => void socket.on('error', () => {}).write(half)).listen(
    0,
    '127.0.0.1',
  );
  const rude = createServer((socket) => void socket.on('error', () => {}).end(half)).listen(0, '127.0.0.1');
  await Promise.all([once(silent, 'listening'), once(rude, 'listening')]);
  const tooLong = { healthCheckTimeoutMs: 200 };
  const cases: [port: number | undefined, HealthCheck, reason: string, limit?: typeof tooLong][] = [
    [web.port, httpCheck({ path: '/sick' }), 'GET /sick was answered with 503'],
    [party.port, lineCheck({ send: 'RING', expect: 'HI' }), 'unexpected answer to "RING": "AHOY-HOY"'],
    [party.port, lineCheck({ greeting: 'HI', send: '', expect: '' }), 'unexpected greeting: "PLSAUTH"'],
    [portOf(silent), httpCheck(), 'no answer within 200 ms', tooLong],
    [portOf(rude), httpCheck(), 'aborted'],
    [nobody, tcpCheck(), `connect ECONNREFUSED 127.0.0.1:${nobody}`],
    [undefined, tcpCheck(), 'the child has neither a port nor a held socket to connect to'],
    [undefined, () => Promise.reject(new Error('refused')), 'refused'],
    [undefined, () => assert.fail('thrown'), 'thrown'],
    [undefined, () => {}, 'no answer within 200 ms', tooLong],
    [undefined, async () => false, 'it said so'],
    [undefined, (_port, callback) => void setImmediate(callback, false), 'it said so'],
  ];
  for (const [index, [port, healthCheck, , limit = { healthCheckTimeoutMs: 60_000 }]] of cases.entries()) {
    supervisor.add({
      name: String(index),
      command: 'sleep',
      args: ['600'],
      port,
      healthCheck,
      readiness: 'spawn',
      healthCheckIntervalMs: 10,
      unhealthyThreshold: 1_000_000,
      ...limit,
    });
  }
  const reasonOf = (child: string): string | undefined =>
    observed.states.find((event) => event.child === child && event.to === 'unhealthy')?.reason;
  const reasons = (): (string | undefined)[] => cases.map((_, index) => reasonOf(String(index)));
  await waitUntil(() => reasons().every(Boolean), { what: 'a failure of each' });
  expect(reasons()).toEqual(
    cases.map(([, , reason], index) => `Health check of child "${index}" failed: ${reason}`),
  );
  silent.close();
  rude.close();
  await supervisor.stop();
});

test('a child whose checks fail from the beginning was not ready, for the reason of the last one', async () => {
  const supervisor = new Supervisor({
    children: [
      await child({
        command: 'sleep',
        args: ['600'],
        healthCheck: () => Promise.reject(new Error('refused')),
        readyTimeoutMs: 200,
      }),
    ],
  });
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'CHILD_NOT_READY',
    message: 'Child "it" was not ready within 200 ms: Health check of child "it" failed: refused',
    cause: { code: 'HEALTH_CHECK_FAILED' },
  });
});

test('a child that fails its checks becomes unhealthy, recovers, and is replaced at the threshold', async () => {
  const verdicts = [true, false, true, false, false, true];
  const supervisor = new Supervisor({
    children: [
      await child({
        command: 'sleep',
        args: ['600'],
        healthCheck: () => verdicts.shift() ?? true,
        healthCheckIntervalMs: 20,
        unhealthyThreshold: 2,
      }),
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => verdicts.length === 0 && supervisor.status()[0]?.restarts === 1, {
    what: 'the replacement',
  });
  await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the new one' });
  expect(observed.path('it')).toEqual([
    'starting',
    'ready',
    'unhealthy',
    'ready',
    'unhealthy',
    'stopping',
    'backing off',
    'starting',
    'ready',
  ]);
  expect(observed.exits).toMatchObject([{ signal: 'SIGTERM' }]);
  await supervisor.stop();
});

test('failures within the start-up grace do not count', async () => {
  let checks = 0;
  const supervisor = new Supervisor({
    children: [
      await child({
        command: 'sleep',
        args: ['600'],
        readiness: 'spawn',
        healthCheck: () => ++checks < 0,
        healthCheckIntervalMs: 10,
        startGraceMs: 600_000,
      }),
    ],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => checks > 5, { what: 'failed checks' });
  expect(observed.path('it')).toEqual(['starting', 'ready']);
  await supervisor.stop();
});

async function child(options: Omit<ChildOptions, 'name' | 'port'>): Promise<ChildOptions> {
  return { name: 'it', port: await freePort(), ...options };
}
