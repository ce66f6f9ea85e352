import { Supervisor } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { fixture, observe } from './observe.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-test-'));
  release(fixture('server.mjs'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a reload replaces every process behind a held socket, one at a time, and no request is lost', async () => {
  const supervisor = serving(2);
  const observed = observe(supervisor);
  await supervisor.start();
  const before = pidsOf(supervisor);
  const load = startLoad(portOf(supervisor));
  await supervisor.reload();
  const { failures, pids } = await load.stop();
  expect(failures).toEqual([]);
  const after = pidsOf(supervisor);
  expect(after.some((pid) => before.includes(pid))).toBe(false);
  expect(before.some(isAlive)).toBe(false);
  expect([...before, ...after]).toEqual(expect.arrayContaining([...pids]));
  expect(observed.path('api-1')).toEqual(['starting', 'ready', 'ready']);
  // The second replacement begins when the first is done: the first old process has ended by then.
  const moments = observed.states.filter(({ from, to }) => from === 'ready' && to === 'ready');
  expect(moments.map(({ child, reason }) => `${child} ${reason}`)).toEqual([
    `api-1 took the place of process ${before[0]}`,
    `api-2 took the place of process ${before[1]}`,
  ]);
  await supervisor.stop();
  expect(after.some(isAlive)).toBe(false);
});

test.each([
  [
    'crashes',
    `console.error('no such module'); process.exit(5)`,
    { code: 'CHILD_EXITED', lastLines: ['no such module'] },
    undefined,
  ],
  // The good releases around it have to get ready in that time as well, on a machine that is busy.
  ['never gets ready', `setInterval(() => {}, 1000)`, { code: 'CHILD_NOT_READY' }, 8_000],
])(
  'a release that %s is removed, the old processes go on, and the reload says why',
  async (_how, code, expected, readyTimeoutMs) => {
    const supervisor = serving(2, readyTimeoutMs);
    const observed = observe(supervisor);
    await supervisor.start();
    const before = pidsOf(supervisor);
    writeFileSync(join(folder, 'bad.cjs'), code);
    release(join(folder, 'bad.cjs'));
    const load = startLoad(portOf(supervisor));
    await expect(supervisor.reload()).rejects.toMatchObject({ child: 'api-1', ...expected });
    expect((await load.stop()).failures).toEqual([]);
    expect(pidsOf(supervisor)).toEqual(before);
    expect(supervisor.status().map(({ state }) => state)).toEqual(['ready', 'ready']);
    // Only the one that failed is gone.
    expect(observed.exits).toHaveLength(1);
    release(fixture('server.mjs'));
    await supervisor.reload();
    expect(pidsOf(supervisor).some((pid) => before.includes(pid))).toBe(false);
    await supervisor.stop();
  },
);

test('when the old process dies during its replacement, the replacement is the restart', async () => {
  const supervisor = serving(1);
  const observed = observe(supervisor);
  await supervisor.start();
  const [old = 0] = pidsOf(supervisor);
  writeFileSync(
    join(folder, 'slow.cjs'),
    `setInterval(() => {}, 1000); process.once('SIGUSR2', () => process.send('ready')); console.log('here')`,
  );
  release(join(folder, 'slow.cjs'));
  const reloaded = supervisor.reload();
  await waitUntil(() => observed.lines('api-1').includes('here'), { what: 'the replacement' });
  process.kill(old, 'SIGKILL');
  await waitUntil(() => observed.path('api-1').at(-1) === 'starting', { what: 'the end of the old one' });
  process.kill(observed.output.at(-1)?.pid ?? 0, 'SIGUSR2');
  await reloaded;
  expect(observed.path('api-1')).toEqual(['starting', 'ready', 'starting', 'ready']);
  expect(observed.exits).toHaveLength(1);
  await supervisor.stop();
});

test('a stop during a reload ends both processes', async () => {
  const supervisor = serving(1);
  const observed = observe(supervisor);
  await supervisor.start();
  writeFileSync(join(folder, 'slow.cjs'), `console.log('here'); setInterval(() => {}, 1000)`);
  release(join(folder, 'slow.cjs'));
  const reloaded = supervisor.reload().catch((reason: unknown) => reason);
  await waitUntil(() => observed.lines('api-1').includes('here'), { what: 'the replacement' });
  await supervisor.stop();
  expect(await reloaded).toMatchObject({ code: 'STOPPED' });
  expect(observed.exits).toHaveLength(2);
  expect(observed.exits.some(({ pid }) => isAlive(pid))).toBe(false);
});

test('a child that does not say itself when it is ready is stopped first', async () => {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0 } },
    children: [{ name: 'api', command: 'sleep', args: ['600'], sockets: ['api'] }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.reload();
  expect(observed.path('api')).toEqual(['starting', 'ready', 'stopping', 'stopped', 'starting', 'ready']);
  expect(supervisor.status()).toMatchObject([{ restarts: 0 }]);
  await supervisor.stop();
});

function serving(instances: number, readyTimeoutMs?: number): Supervisor {
  return new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'api',
        script: join(folder, 'current'),
        sockets: ['api'],
        instances,
        readiness: 'message',
        readyTimeoutMs,
      },
    ],
  });
}

function release(script: string): void {
  const link = join(folder, 'current');
  rmSync(link, { force: true });
  symlinkSync(script, link);
}

function portOf(supervisor: Supervisor): number {
  return (supervisor.address('api') as AddressInfo).port;
}

function pidsOf(supervisor: Supervisor): number[] {
  return supervisor.status().map(({ pid = 0 }) => pid);
}
