import { Supervisor, type ChildOptions, type SpareEvent } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, observe, portOf } from './observe.ts';
import { survivors } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { currentRelease, release } from './releases.ts';

let folder = '';
beforeEach(() => (folder = temporaryFolder()));

test.each<[string, Partial<ChildOptions>]>([
  ['listens on the inherited descriptor', { script: fixture('server.mjs'), readiness: 'message' }],
  ['knows nothing of us', { script: fixture('standing.cjs') }],
])(
  'the spare of a script that %s answers after a crash, and another one stands by',
  async (_what, options) => {
    const supervisor = serving(options);
    const { pid, spare } = await standby(supervisor);
    expect(await ask(portOf(supervisor))).toBe(String(pid));
    for (let crash = 1; crash <= 2; crash++) {
      const { pid: serving, spare: next } = await standby(supervisor);
      process.kill(serving, 'SIGKILL');
      const answers = await Promise.all(Array.from({ length: 20 }, async () => ask(portOf(supervisor))));
      expect(answers).toEqual(answers.map(() => String(next)));
      await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the promotion' });
      expect(supervisor.status()[0]).toMatchObject({ pid: next, restarts: crash });
    }
    expect((await standby(supervisor)).spare).not.toBe(spare);
    await supervisor.stop();
  },
);

test('a spare waits without listening, knows where it will be, and its server is told when it is', async () => {
  const supervisor = serving({ script: fixture('standing.cjs') });
  const observed = observe(supervisor);
  const { pid, spare } = await standby(supervisor);
  const linesOf = (process: number): string[] =>
    observed.output.filter((event) => event.pid === process).map(({ child, line }) => `${child}: ${line}`);
  await waitUntil(() => linesOf(spare).length > 0, { what: 'its first line' });
  expect(linesOf(spare)).toEqual(['api: at its port: true, listening: false']);
  expect(observed.path('api')).toEqual(['starting', 'ready']);
  process.kill(pid, 'SIGKILL');
  await waitUntil(() => linesOf(spare).length > 1, { what: 'the promotion' });
  expect(linesOf(spare)[1]).toBe('api: called back, listening: true');
  expect(observed.path('api')).toEqual(['starting', 'ready', 'backing off', 'starting', 'ready']);
  await supervisor.stop();
});

test.each([
  ['closes its server', {}, { code: 0, signal: null, lastLines: expect.arrayContaining(['closed: well']) }],
  // That would be never: it gets little time, whatever `stopTimeoutMs` is.
  ['waits for it to listen', { STOP: 'after listening' }, { code: null, signal: 'SIGKILL' }],
])('a stop ends a waiting spare that %s quickly', async (_what, env, end) => {
  const supervisor = serving({ script: fixture('standing.cjs'), env, stopTimeoutMs: 600_000 });
  const observed = observe(supervisor);
  const { pid, spare } = await standby(supervisor);
  await supervisor.stop();
  expect(observed.exits.toSorted((a, b) => Number(a.spare) - Number(b.spare))).toMatchObject([
    { pid, code: 0, spare: false },
    { pid: spare, spare: true, ...end },
  ]);
  expect(supervisor.status()[0]).toMatchObject({ spare: false, sparePid: undefined });
});

test('a spare that crashes in its start is tried less and less often, and the child goes on', async () => {
  const script = join(folder, 'once.cjs');
  const server = JSON.stringify(fixture('standing.cjs'));
  writeFileSync(
    script,
    `const { existsSync, writeFileSync } = require('node:fs');
     if (existsSync(__filename + '.began')) { console.log('only one of me'); process.exit(7); }
     writeFileSync(__filename + '.began', '');
     require(${server});`,
  );
  const supervisor = serving({ script, restart: { initialDelayMs: 40, jitter: 0, maxRestarts: 1 } });
  const observed = observe(supervisor);
  const spares = spareEvents(supervisor);
  await supervisor.start();
  const [{ pid } = {}] = supervisor.status();
  await waitUntil(() => spares.length >= 4, { what: 'four failures' });
  const waits = spares.slice(0, 4).map(({ nextStartMs = 0 }) => nextStartMs - (spares[0]?.nextStartMs ?? 0));
  expect(waits).toEqual([0, 40, 80, 160]);
  expect(spares[0]).toMatchObject({
    child: 'api',
    what: 'failed',
    error: { code: 'CHILD_EXITED', exitCode: 7, lastLines: ['only one of me'] },
  });
  expect(supervisor.status()[0]).toMatchObject({ pid, state: 'ready', restarts: 0, spare: false });
  expect(observed.path('api')).toEqual(['starting', 'ready']);
  expect(await ask(portOf(supervisor))).toBe(String(pid));
  await supervisor.stop();
  expect(await survivors(observed.exits.map((exit) => exit.pid))).toEqual([]);
});

test('a spare whose script leads to another file by now is ended, and the new release starts', async () => {
  release(folder, fixture('standing.cjs'));
  const supervisor = serving({ script: currentRelease(folder) });
  const observed = observe(supervisor);
  const spares = spareEvents(supervisor);
  const { pid, spare } = await standby(supervisor);
  const next = join(folder, 'next.cjs');
  writeFileSync(next, `console.log('next'); require(${JSON.stringify(fixture('standing.cjs'))});`);
  release(folder, next);
  process.kill(pid, 'SIGKILL');
  const answer = await ask(portOf(supervisor));
  expect(observed.output.find(({ line }) => line === 'next')?.pid).toBe(Number(answer));
  expect(spares).toContainEqual({ child: 'api', pid: spare, what: 'stale' });
  await waitUntil(() => observed.exits.some((exit) => exit.pid === spare), { what: 'the end of the spare' });
  await supervisor.stop();
});

test('a reload renews the spare', async () => {
  const supervisor = serving({ script: fixture('standing.cjs') });
  const before = await standby(supervisor);
  await supervisor.reload();
  const after = await standby(supervisor);
  expect([before.pid, before.spare]).not.toContain(after.pid);
  expect([before.pid, before.spare]).not.toContain(after.spare);
  expect(await survivors([before.pid, before.spare])).toEqual([]);
  expect(supervisor.status()[0]).toMatchObject({ restarts: 0, restartsByReason: { reload: 1 } });
  await supervisor.stop();
});

test('a child with a socket of its own that was stopped by name has a spare again when it is started', async () => {
  const supervisor = new Supervisor({
    children: [
      { name: 'api', script: fixture('standing.cjs'), listen: { port: 0, host: '127.0.0.1' }, spare: true },
    ],
  });
  const { pid, spare } = await standby(supervisor);
  await supervisor.stop('api');
  expect(supervisor.status()[0]).toMatchObject({ state: 'stopped', spare: false, sparePid: undefined });
  expect(await survivors([pid, spare])).toEqual([]);
  await supervisor.start('api');
  const next = await standby(supervisor);
  process.kill(next.pid, 'SIGKILL');
  await waitUntil(() => supervisor.status()[0]?.pid === next.spare, { what: 'the promotion' });
  expect(await ask(portOf(supervisor))).toBe(String(next.spare));
  await supervisor.stop();
});

test('the spare of an unhealthy process serves while that one still takes its time to end', async () => {
  let isSick = false;
  const script = join(folder, 'slow-to-stop.mjs');
  writeFileSync(
    script,
    `import { createServer } from 'node:net';
     const server = createServer((socket) => socket.end(String(process.pid))).listen({ fd: 3 }, () => process.send('ready'));
     process.on('SIGTERM', () => { server.close(); setInterval(() => {}, 1000); });
     process.on('SIGUSR2', () => process.exit(0));`,
  );
  const supervisor = serving({
    script,
    readiness: 'message',
    healthCheck: () => !isSick,
    healthCheckIntervalMs: 20,
    unhealthyThreshold: 2,
    stopTimeoutMs: 600_000,
  });
  const observed = observe(supervisor);
  const { pid, spare } = await standby(supervisor);
  isSick = true;
  await waitUntil(() => supervisor.status()[0]?.pid === spare, { what: 'the promotion' });
  isSick = false;
  await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the new one' });
  expect(isAlive(pid)).toBe(true);
  expect(observed.exits).toEqual([]);
  expect(supervisor.status()[0]).toMatchObject({
    restartsByReason: { unhealthy: 1, exit: 0 },
    lastError: { code: 'HEALTH_CHECK_FAILED' },
  });
  for (const process_ of [pid, spare]) process.kill(process_, 'SIGUSR2');
  await waitUntil(() => observed.exits.length === 2, { what: 'both ends' });
  await supervisor.kill();
});

test('a script that listens to messages hears nothing of ours', async () => {
  const script = join(folder, 'listening.mjs');
  writeFileSync(
    script,
    `import { createServer } from 'node:http';
     process.on('message', (message) => console.log('heard', message));
     createServer((_, response) => response.end(String(process.pid))).listen({ fd: 3 }, () => console.log('called back'));`,
  );
  const supervisor = serving({ script });
  const observed = observe(supervisor);
  const { pid, spare } = await standby(supervisor);
  process.kill(pid, 'SIGKILL');
  await waitUntil(() => supervisor.status()[0]?.pid === spare && supervisor.status()[0]?.state === 'ready', {
    what: 'the promotion',
  });
  expect(await ask(portOf(supervisor))).toBe(String(spare));
  await supervisor.stop();
  expect(observed.lines('api')).toEqual(['called back', 'called back']);
});

test('a spare whose event loop stands still is replaced, as it could not take over', async () => {
  const script = join(folder, 'blocking.mjs');
  writeFileSync(
    script,
    `import { createServer } from 'node:http';
     process.on('SIGUSR2', function hang() { for (;;); });
     createServer((_, response) => response.end(String(process.pid))).listen({ fd: 3 });`,
  );
  // Long enough that a spare that gets no core for a moment is not taken for it.
  const supervisor = serving({ script, heartbeatTimeoutMs: 3_000 });
  const events = spareEvents(supervisor);
  const { pid, spare } = await standby(supervisor);
  process.kill(spare, 'SIGUSR2');
  await waitUntil(() => events.some(({ what }) => what === 'failed'), { what: 'the failure' });
  expect(events.find(({ what }) => what === 'failed')).toMatchObject({
    pid: spare,
    error: { code: 'CHILD_BLOCKED', message: expect.stringContaining('in hang (') },
  });
  const next = await standby(supervisor);
  expect(next.pid).toBe(pid);
  expect(next.spare).not.toBe(spare);
  await supervisor.stop();
});

test('a child that keeps crashing is given up in spite of its spares, and none is left', async () => {
  const supervisor = serving({ script: fixture('standing.cjs'), restart: { maxRestarts: 2 } });
  const observed = observe(supervisor);
  for (let crash = 0; crash < 3; crash++) {
    const { pid } = await standby(supervisor);
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => supervisor.status()[0]?.pid !== pid, { what: 'the end' });
  }
  await waitUntil(() => observed.failures.length > 0, { what: 'the failure' });
  expect(observed.failures[0]?.error).toMatchObject({ code: 'RESTART_LIMIT', signal: 'SIGKILL' });
  expect(supervisor.status()[0]).toMatchObject({ state: 'failed', restarts: 2, sparePid: undefined });
  await waitUntil(() => observed.exits.length === 4, { what: 'the end of the last spare' });
  await supervisor.stop();
});

function serving(options: Partial<ChildOptions>): Supervisor {
  return new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [{ name: 'api', sockets: ['api'], spare: true, ...options }],
  });
}

/** Starts it if need be. */
async function standby(supervisor: Supervisor): Promise<{ pid: number; spare: number }> {
  await supervisor.start();
  return waitUntil(
    () => {
      const [{ state, pid = 0, spare, sparePid = 0 } = {}] = supervisor.status();
      return state === 'ready' && spare && { pid, spare: sparePid };
    },
    { what: 'the spare' },
  );
}

function spareEvents(supervisor: Supervisor): SpareEvent[] {
  const events: SpareEvent[] = [];
  supervisor.on('spare', (event) => events.push(event));
  return events;
}
