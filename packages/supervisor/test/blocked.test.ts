import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Supervisor, type BlockedEvent, type ChildOptions } from '@silly-face/supervisor';
import { freePort, openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, observe, startMainProgram } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

const file = fixture('blocking.mjs');

test.each([
  ['a busy loop', 'hotLoop'],
  ['a regular expression that backtracks', 'matchForEver'],
  ['a wait for another thread', 'waitForEver'],
])('%s is reported with function, file and line, and the process is replaced', async (_what, way) => {
  const { supervisor, blocked, observed, port } = await start();
  const before = await ask(port, `/${way}`);
  await waitUntil(() => supervisor.status()[0]?.restarts === 1 && supervisor.status()[0]?.state === 'ready', {
    what: 'the replacement',
  });
  expect(await ask(port)).not.toBe(before);
  expect(blocked).toEqual([
    {
      child: 'it',
      pid: Number(before),
      blockedForMs: expect.any(Number),
      frames: expect.arrayContaining([
        { functionName: way, file, line: expect.any(Number), column: expect.any(Number) },
        expect.objectContaining({ functionName: 'block', file }),
      ]),
    },
  ]);
  const [event] = blocked;
  expect(event?.blockedForMs).toBeGreaterThanOrEqual(3_000);
  const { line } = event?.frames.find(({ functionName }) => functionName === way) ?? {};
  const reason = `event loop blocked for ${event?.blockedForMs} ms in ${way} (${file}:${line})`;
  expect(observed.states.find(({ to }) => to === 'stopping')?.reason).toBe(reason);
  // Not a word of the inspector, and all of the child.
  expect(observed.lines('it')).toEqual([`blocks by ${way}`]);
  expect(observed.exits).toMatchObject([{ signal: 'SIGKILL', lastLines: [`blocks by ${way}`] }]);
  await supervisor.stop();
});

test('compiled code is reported as its source, with the map beside it', async () => {
  const folder = temporaryFolder();
  const lines = [
    'import { writeSync } from "node:fs";',
    'function hotLoop() {',
    '  writeSync(1, "blocks\\n");',
    '  for (;;);',
    '}',
    'setTimeout(hotLoop, 10);',
    '//# sourceMappingURL=maps/app.mjs.map',
  ];
  writeFileSync(join(folder, 'app.mjs'), lines.join('\n'));
  mkdirSync(join(folder, 'maps'));
  // The first line comes from line 11, each further one from the next.
  const map = {
    version: 3,
    sources: ['../src/app.ts'],
    names: [],
    mappings: 'AAUA;AACA;AACA;AACA;AACA;AACA',
  };
  writeFileSync(join(folder, 'maps', 'app.mjs.map'), JSON.stringify(map));
  const { supervisor, blocked } = await start({ script: join(folder, 'app.mjs'), readiness: 'spawn' });
  await waitUntil(() => blocked.length > 0, { what: 'the report' });
  const source = join(realpathSync(folder), 'src', 'app.ts');
  expect(blocked[0]?.frames).toEqual([{ functionName: 'hotLoop', file: source, line: 14, column: 1 }]);
  await supervisor.kill();
});

test.each([
  ['a read that never returns', 'readFifo', /^its main thread waits in a system call \(.+\)$/],
  ['a program that is waited for', 'runSleep', /^its main thread waits in a system call \(.+\)$/],
  ['native code', 'deriveForEver', /^its main thread did not answer the inspector within 400 ms/],
])('%s has no stack, says why, and is replaced all the same', async (_what, way, reason) => {
  const folder = temporaryFolder();
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const { supervisor, blocked, observed, port } = await start({
    env: { FIFO: fifo },
    heartbeatTimeoutMs: 500,
  });
  await ask(port, `/${way}`);
  await waitUntil(() => supervisor.status()[0]?.restarts === 1 && supervisor.status()[0]?.state === 'ready', {
    what: 'the replacement',
  });
  expect(blocked).toMatchObject([{ child: 'it', frames: [], reason: expect.stringMatching(reason) }]);
  expect(observed.states.find(({ to }) => to === 'stopping')?.reason).toMatch(
    /^event loop blocked for \d+ ms; no stack, its main thread/,
  );
  expect(observed.lines('it')).toEqual([`blocks by ${way}`]);
  await supervisor.stop();
});

test('a process that listens to SIGUSR1 itself does not get it', async () => {
  const { supervisor, blocked, observed, port } = await start({
    env: { OWN_LISTENER: 'yes' },
    heartbeatTimeoutMs: 500,
  });
  await ask(port, '/hotLoop');
  await waitUntil(() => blocked.length > 0, { what: 'the report' });
  await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the next process' });
  expect(blocked).toMatchObject([
    { frames: [], reason: 'it has a SIGUSR1 listener of its own, which keeps the inspector shut' },
  ]);
  expect(observed.lines('it')).toEqual(['blocks by hotLoop']);
  await supervisor.stop();
});

test('a loop that turns again while it is looked at is replaced with its stop signal', async () => {
  // Looked at from 1,000 ms on, for 500; blocked for 1,250. A busy machine may miss that.
  for (let attempt = 1; ; attempt++) {
    const { supervisor, blocked, observed, port } = await start({ heartbeatTimeoutMs: 1_000 });
    await ask(port, '/listenAndWork');
    // Answered when the loop turns again, or never.
    for (let turns = 0; turns < 5; turns++) await ask(port).catch(() => {});
    await waitUntil(() => blocked.length === 0 || observed.exits.length > 0, { what: 'its end' });
    await supervisor.stop();
    if (blocked[0]?.reason !== 'it turned again before its stack was read' && attempt < 10) continue;
    expect(blocked).toMatchObject([{ frames: [], reason: 'it turned again before its stack was read' }]);
    expect(observed.exits[0]).toMatchObject({ code: 0 });
    expect(observed.lines('it')).toContain('told to stop');
    return;
  }
});

test('without its IPC channel it is noticed as well, and half a line is kept apart from what the inspector says', async () => {
  const { supervisor, blocked, observed, port } = await start();
  await ask(port, '/leaveAndLoop');
  await waitUntil(() => observed.exits.length > 0, { what: 'the end' });
  expect(blocked).toMatchObject([
    { frames: [{ functionName: 'hotLoop' }, { functionName: 'leaveAndLoop' }, {}, {}] },
  ]);
  expect(observed.lines('it')).toEqual(['blocks by leaveAndLoop', 'half a line']);
  await supervisor.stop();
});

test('work below the limit is a lag in the status, and no more', async () => {
  const { supervisor, blocked, port } = await start({ heartbeatTimeoutMs: 10_000 });
  const pid = await ask(port);
  await ask(port, '/workForAWhile');
  await waitUntil(() => (supervisor.status()[0]?.loopLagMs ?? 0) >= 200, { what: 'the lag' });
  expect(await ask(port)).toBe(pid);
  expect(blocked).toEqual([]);
  await supervisor.stop();
});

test('a process that a signal has stopped is left in peace, until it is blocked after it goes on', async () => {
  const { supervisor, blocked, port } = await start();
  const pid = Number(await ask(port));
  process.kill(pid, 'SIGSTOP');
  await waitUntil(() => (supervisor.status()[0]?.loopLagMs ?? 0) >= 4_000, { what: 'a long silence' });
  expect(supervisor.status()[0]).toMatchObject({ pid, state: 'ready' });
  process.kill(pid, 'SIGCONT');
  expect(await ask(port, '/hotLoop')).toBe(String(pid));
  await waitUntil(() => blocked.length > 0, { what: 'the report' });
  expect(blocked).toMatchObject([{ pid, frames: [{ functionName: 'hotLoop' }, {}, {}] }]);
  await supervisor.stop();
});

test('the silence of a process with an open debugger says nothing', async () => {
  const debugged = await start({ heartbeatTimeoutMs: 1_000 });
  const flagged = await start({ env: { NODE_OPTIONS: '--inspect=0' }, heartbeatTimeoutMs: 500 });
  const other = await start({ heartbeatTimeoutMs: 2_000 });
  await ask(debugged.port, '/debugLoop');
  await ask(flagged.port, '/hotLoop');
  await waitUntil(() => debugged.observed.lines('it').length > 2, { what: 'the inspector' });
  await ask(other.port, '/hotLoop');
  // Blocked later than the others, and with more patience.
  await waitUntil(() => other.blocked.length > 0, { what: 'a report' });
  for (const { supervisor, blocked } of [debugged, flagged]) {
    expect(blocked).toEqual([]);
    await supervisor.kill();
  }
  await other.supervisor.stop();
});

test('`heartbeatTimeoutMs: false` waits for ever', async () => {
  const off = await start({ heartbeatTimeoutMs: false });
  const other = await start({ heartbeatTimeoutMs: 500 });
  await ask(off.port, '/hotLoop');
  await ask(other.port, '/hotLoop');
  await waitUntil(() => other.blocked.length > 0, { what: 'a report' });
  expect(off.blocked).toEqual([]);
  expect(off.supervisor.status()[0]?.loopLagMs).toBeUndefined();
  await off.supervisor.kill();
  await other.supervisor.stop();
});

test('a supervisor that was away itself blames nobody for it', async () => {
  const port = await freePort();
  const main = startMainProgram({
    children: [{ name: 'it', script: file, port, readiness: 'message', heartbeatTimeoutMs: 500 }],
  });
  await main.event('started');
  process.kill(main.pid, 'SIGSTOP');
  // The sleep of a machine, in small.
  await sleep(2_000);
  process.kill(main.pid, 'SIGCONT');
  const pid = Number(await ask(port));
  await ask(port, '/hotLoop');
  await main.event('blocked', { pid });
  await main.event('state', { to: 'ready', from: 'starting' });
  expect(main.events.filter(({ name }) => name === 'blocked')).toHaveLength(1);
  main.process.kill('SIGTERM');
  await main.exited;
});

test('the heartbeat is the business of the main thread alone: not of workers, nor of processes that it starts', async () => {
  const { supervisor, blocked, observed } = await start({
    script: fixture('heartbeat.cjs'),
    heartbeatTimeoutMs: 1_500,
  });
  const off = await start({ script: fixture('heartbeat.cjs'), heartbeatTimeoutMs: false });
  const handles = off.observed.lines('it').find((line) => line.startsWith('handles'));
  await off.supervisor.stop();
  await waitUntil(() => observed.lines('it').length >= 5, {
    what: 'a busy worker, a busy child and ten turns',
  });
  expect(observed.lines('it').toSorted()).toEqual([
    'forked: undefined undefined 9229',
    handles,
    'main: undefined undefined 0',
    'turned ten times',
    'worker: undefined undefined 9229',
  ]);
  expect(blocked).toEqual([]);
  await supervisor.stop();
});

test('a script that closes all descriptors that it does not know goes on, without a heartbeat', async () => {
  const script = fixture('closing.cjs');
  const { supervisor, blocked, observed } = await start({ script, heartbeatTimeoutMs: 500 });
  await waitUntil(() => observed.lines('it').length > 0, { what: 'ten turns' });
  expect(observed.lines('it')).toEqual(['turned ten times']);
  expect(blocked).toEqual([]);
  expect(observed.path('it')).toEqual(['starting', 'ready']);
  await supervisor.stop();
});

test('nothing keeps a process alive that has nothing to do', async () => {
  const { supervisor, observed } = await start({
    script: fixture('idle.mjs'),
    readiness: 'spawn',
    restart: false,
  });
  await waitUntil(() => observed.exits.length > 0, { what: 'its end' });
  expect(observed.exits).toMatchObject([{ code: 0, signal: null }]);
  await supervisor.stop();
});

test('after the stop no descriptor is left, whatever was reported', async () => {
  const before = openDescriptors();
  const { supervisor, blocked, port } = await start();
  await ask(port, '/hotLoop');
  await waitUntil(() => blocked.length > 0, { what: 'the report' });
  await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the next process' });
  await ask(port, '/hotLoop');
  // In the midst of it.
  await supervisor.kill();
  await waitUntil(() => openDescriptors() <= before, { what: 'closed descriptors' });
  expect(openDescriptors()).toBe(before);
});

async function start(options: Partial<ChildOptions> = {}) {
  const port = await freePort();
  const supervisor = new Supervisor({
    children: [
      { name: 'it', script: file, port, readiness: 'message', heartbeatTimeoutMs: 3_000, ...options },
    ],
  });
  const blocked: BlockedEvent[] = [];
  supervisor.on('blocked', (event) => blocked.push(event));
  const observed = observe(supervisor);
  await supervisor.start();
  return { supervisor, blocked, observed, port };
}
