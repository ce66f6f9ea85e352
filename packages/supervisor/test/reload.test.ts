import { Supervisor } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { fixture, observe, pids, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { currentRelease, release } from './releases.ts';

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
  release(folder, fixture('server.mjs'));
});

test('a reload replaces every process behind a held socket, one at a time, and no request is lost', async () => {
  const supervisor = serving(2);
  const observed = observe(supervisor);
  await supervisor.start();
  const before = Object.values(pids(supervisor));
  const load = startLoad(portOf(supervisor));
  await supervisor.reload();
  const { failures, pids: answered } = await load.stop();
  expect(failures).toEqual([]);
  const after = Object.values(pids(supervisor));
  expect(after.some((pid) => before.includes(pid))).toBe(false);
  expect(before.some(isAlive)).toBe(false);
  expect([...before, ...after]).toEqual(expect.arrayContaining([...answered]));
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
    const before = Object.values(pids(supervisor));
    writeFileSync(join(folder, 'bad.cjs'), code);
    release(folder, join(folder, 'bad.cjs'));
    const load = startLoad(portOf(supervisor));
    await expect(supervisor.reload()).rejects.toMatchObject({ child: 'api-1', ...expected });
    expect((await load.stop()).failures).toEqual([]);
    expect(Object.values(pids(supervisor))).toEqual(before);
    expect(supervisor.status().map(({ state }) => state)).toEqual(['ready', 'ready']);
    // Only the one that failed is gone.
    expect(observed.exits).toHaveLength(1);
    release(folder, fixture('server.mjs'));
    await supervisor.reload();
    expect(Object.values(pids(supervisor)).some((pid) => before.includes(pid))).toBe(false);
    await supervisor.stop();
  },
);

test('a stop during a reload ends both processes', async () => {
  const supervisor = serving(1);
  const observed = observe(supervisor);
  await supervisor.start();
  writeFileSync(join(folder, 'slow.cjs'), `console.log('here'); setInterval(() => {}, 1000)`);
  release(folder, join(folder, 'slow.cjs'));
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
        script: currentRelease(folder),
        sockets: ['api'],
        instances,
        readiness: 'message',
        readyTimeoutMs,
      },
    ],
  });
}
