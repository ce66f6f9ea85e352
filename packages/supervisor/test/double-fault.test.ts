// The process that serves ends while its replacement is not ready yet.
import { Supervisor, type ChildOptions } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ask } from './ask.ts';
import { observe, portOf, type Observed } from './observe.ts';
import { currentRelease, release } from './releases.ts';
import { temporaryFolder } from './temporary-folder.ts';

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
  release(folder, write('old.cjs', 'serve();'));
});

test.each([
  ['is still there', () => {}],
  ['is gone', () => rmSync(join(folder, 'old.cjs'))],
])(
  'the spare serves, whose script %s, though the name leads to the new one, which never gets ready',
  async (_what, change) => {
    const supervisor = serving({ spare: true });
    const observed = observe(supervisor);
    await supervisor.start();
    await waitUntil(() => supervisor.status()[0]?.spare, { what: 'the spare' });
    const [{ pid = 0, sparePid = 0 } = {}] = supervisor.status();
    const { reloaded, trial } = await tryRelease(
      supervisor,
      observed,
      'tried.cjs',
      onceTold('process.exit(3)'),
    );
    change();
    process.kill(pid, 'SIGKILL');
    expect(await ask(portOf(supervisor))).toBe(`old.cjs ${sparePid}`);
    process.kill(trial, 'SIGUSR2');
    expect(await reloaded).toMatchObject({ code: 'CHILD_EXITED', exitCode: 3, replaced: [], left: ['api'] });
    expect(supervisor.status()[0]).toMatchObject({ pid: sparePid, state: 'ready', restarts: 1 });
    expect(observed.path('api')).toEqual(['starting', 'ready', 'backing off', 'starting', 'ready']);
  },
);

test('without a spare the old release is started again, and gives way when the new one is ready', async () => {
  const supervisor = serving({});
  const observed = observe(supervisor);
  await supervisor.start();
  const [{ pid = 0 } = {}] = supervisor.status();
  const { reloaded, trial } = await tryRelease(supervisor, observed, 'new.cjs', onceTold('serve()'));
  process.kill(pid, 'SIGKILL');
  const answer = await ask(portOf(supervisor));
  expect(answer).toMatch(/^old\.cjs /);
  expect(answer).not.toBe(`old.cjs ${pid}`);
  await waitUntil(() => supervisor.status()[0]?.state === 'ready', { what: 'the old release' });
  process.kill(trial, 'SIGUSR2');
  expect(await reloaded).toBe('done');
  expect(await ask(portOf(supervisor))).toBe(`new.cjs ${trial}`);
  expect(observed.exits).toMatchObject([{ pid }, { pid: Number(answer.split(' ')[1]) }]);
  expect(supervisor.status()[0]).toMatchObject({ pid: trial, restartsByReason: { exit: 1, reload: 1 } });
});

describe.each<[string, Partial<ChildOptions>, string[]]>([
  ['is still starting', {}, ['backing off', 'starting']],
  [
    'waits for its next start',
    { restart: { initialDelayMs: 600_000, jitter: 0 } },
    ['backing off', 'starting', 'backing off'],
  ],
  ['was given up', { restart: { maxRestarts: 0 } }, ['failed']],
])('while the old release %s', (what, options, states) => {
  const path = ['starting', 'ready', ...states];

  /** Both are there: what becomes of the old release, and the new one, which goes on when it is told. */
  async function faultDuringReload(action: string): Promise<Fault> {
    const later = what.includes('waits') ? 'process.exit(4)' : `setInterval(() => {}, 1000)`;
    const began = JSON.stringify(join(folder, 'began'));
    const once = `if (fs.existsSync(${began})) ${later}; else { fs.writeFileSync(${began}, ''); serve(); }`;
    release(folder, write('once.cjs', once));
    const supervisor = serving(options);
    const observed = observe(supervisor);
    await supervisor.start();
    const [{ pid = 0 } = {}] = supervisor.status();
    const reload = await tryRelease(supervisor, observed, 'new.cjs', onceTold(action));
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => observed.path('api').length === path.length, {
      what: 'what becomes of the old one',
    });
    if (what.includes('starting')) {
      await waitUntil(() => observed.lines('api').filter((line) => line === 'once.cjs').length === 2, {
        what: 'the second process',
      });
    }
    return { supervisor, observed, ...reload };
  }

  test('a new one that gets ready takes over', async () => {
    const { supervisor, observed, reloaded, trial } = await faultDuringReload('serve()');
    process.kill(trial, 'SIGUSR2');
    expect(await reloaded).toBe('done');
    expect(await ask(portOf(supervisor))).toBe(`new.cjs ${trial}`);
    expect(observed.path('api')).toEqual([...path, 'ready']);
    await supervisor.stop();
    expect(observed.path('api')).toEqual([...path, 'ready', 'stopping', 'stopped']);
  });

  test('a new one that fails changes nothing, and the next one serves', async () => {
    const { supervisor, observed, reloaded, trial } = await faultDuringReload('process.exit(3)');
    process.kill(trial, 'SIGUSR2');
    expect(await reloaded).toMatchObject({ code: 'CHILD_EXITED', exitCode: 3, left: ['api'] });
    expect(observed.path('api')).toEqual(path);
    release(folder, write('next.cjs', 'serve();'));
    await supervisor.reload();
    expect(await ask(portOf(supervisor))).toBe(`next.cjs ${supervisor.status()[0]?.pid}`);
    await supervisor.stop();
    expect(observed.exits.some(({ pid }) => isAlive(pid))).toBe(false);
  });

  test('a stop ends both', async () => {
    const { supervisor, observed, reloaded, trial } = await faultDuringReload('serve()');
    await supervisor.stop();
    expect(await reloaded).toMatchObject({ code: 'STOPPED' });
    const started = observed.output.map(({ pid }) => pid);
    expect(started).toContain(trial);
    expect(started.some(isAlive)).toBe(false);
    expect(supervisor.status()[0]).toMatchObject({
      state: what.includes('given up') ? 'failed' : 'stopped',
      pid: undefined,
    });
  });
});

test('an unhealthy process is replaced by its spare while a release is tried', async () => {
  let isSick = false;
  const supervisor = serving({
    spare: true,
    healthCheck: () => !isSick,
    healthCheckIntervalMs: 20,
    unhealthyThreshold: 1,
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => supervisor.status()[0]?.spare, { what: 'the spare' });
  const [{ sparePid = 0 } = {}] = supervisor.status();
  const { reloaded, trial } = await tryRelease(supervisor, observed, 'new.cjs', onceTold('serve()'));
  supervisor.on('spare', ({ what }) => (isSick &&= what !== 'promoted'));
  isSick = true;
  await waitUntil(() => supervisor.status()[0]?.pid === sparePid, { what: 'the promotion' });
  expect(await ask(portOf(supervisor))).toMatch(/^old\.cjs /);
  process.kill(trial, 'SIGUSR2');
  expect(await reloaded).toBe('done');
  expect(supervisor.status()[0]).toMatchObject({ pid: trial, state: 'ready' });
});

interface Reload {
  readonly reloaded: Promise<unknown>;
  readonly trial: number;
}

interface Fault extends Reload {
  readonly supervisor: Supervisor;
  readonly observed: Observed;
}

/** A reload to this script, which has printed its name when this resolves; it goes on when `trial` gets SIGUSR2. */
async function tryRelease(
  supervisor: Supervisor,
  observed: Observed,
  name: string,
  code: string,
): Promise<Reload> {
  release(folder, write(name, code));
  const reloaded = supervisor.reload().then(
    () => 'done',
    (error: unknown) => error,
  );
  const { pid } = await waitUntil(() => observed.output.find(({ line }) => line === name), { what: name });
  return { reloaded, trial: pid };
}

function onceTold(action: string): string {
  return `const timer = setInterval(() => {}, 1000); process.once('SIGUSR2', () => { clearInterval(timer); ${action}; });`;
}

/** A script that prints its name. What its `serve` starts answers with that and the process id. */
function write(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `const fs = require('node:fs');
     const { createServer } = require('node:http');
     const serve = () => {
       const server = createServer((_, response) => {
         response.setHeader('Connection', 'close');
         response.end('${name} ' + process.pid);
       }).listen({ fd: 3 });
       process.on('SIGTERM', () => require('node:net').Server.prototype.close.call(server));
     };
     ${code}
     console.log('${name}');`,
  );
  return file;
}

function serving(options: Partial<ChildOptions>): Supervisor {
  const supervisor = new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      {
        name: 'api',
        script: currentRelease(folder),
        sockets: ['api'],
        readiness: 'listening',
        readyTimeoutMs: 600_000,
        ...options,
      },
    ],
  });
  onTestFinished(() => supervisor.kill());
  return supervisor;
}
