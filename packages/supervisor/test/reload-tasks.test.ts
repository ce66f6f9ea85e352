// A reload runs the tasks again before it replaces anything.
import { Supervisor } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, observe, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
  release('migrate', 'echo migrated');
  release('seed', 'echo seeded');
  release('index', 'echo indexed');
  const server = pathToFileURL(fixture('server.mjs')).href;
  writeFileSync(join(folder, 'api.mjs'), `console.log('up'); await import('${server}')`);
});

test('tasks run again in their order, before the first process is replaced', async () => {
  const supervisor = withTasks();
  const observed = observe(supervisor);
  await supervisor.start();
  const before = supervisor.status().at(-1)?.pid;
  await supervisor.reload();
  const lines = observed.output.map(({ line }) => line).filter((line) => line !== 'seeded');
  expect(lines).toEqual(['migrated', 'indexed', 'up', 'migrated', 'indexed', 'up']);
  expect(observed.lines('seed')).toEqual(['seeded', 'seeded']);
  expect(observed.path('migrate')).toEqual(['starting', 'completed', 'starting', 'completed']);
  const after = supervisor.status().at(-1);
  expect(after).toMatchObject({ name: 'api', state: 'ready', restarts: 0 });
  expect(after?.pid).not.toBe(before);
  await supervisor.stop();
  expect(observed.path('migrate').at(-1)).toBe('completed');
});

test('a failing task ends the reload with its last words, the old process serves on, the next reload may succeed', async () => {
  const supervisor = withTasks();
  const observed = observe(supervisor);
  await supervisor.start();
  const port = portOf(supervisor);
  const before = await ask(port);
  release('migrate', 'echo no such column >&2; exit 4');
  // It began beside the failing one and comes to its end.
  release('seed', 'sleep 0.3; echo seeded anew');
  await expect(supervisor.reload()).rejects.toMatchObject({
    code: 'TASK_FAILED',
    child: 'migrate',
    exitCode: 4,
    lastLines: ['no such column'],
  });
  expect(observed.lines('seed')).toEqual(['seeded', 'seeded anew']);
  expect(observed.lines('index')).toEqual(['indexed']);
  expect(observed.lines('api')).toEqual(['up']);
  expect(await ask(port)).toBe(before);
  expect(supervisor.status().map(({ name, state }) => `${name} ${state}`)).toEqual([
    'index completed',
    'migrate failed',
    'seed completed',
    'api ready',
  ]);
  // Whoever asked for the reload was told; nobody has to be woken up.
  expect(observed.failures).toEqual([]);

  release('migrate', 'echo migrated');
  await supervisor.reload();
  expect(await ask(port)).not.toBe(before);
  expect(supervisor.status().map(({ state }) => state)).toEqual([
    'completed',
    'completed',
    'completed',
    'ready',
  ]);
  await supervisor.stop();
});

test('a stop while a task runs again ends everything', async () => {
  const supervisor = withTasks();
  const observed = observe(supervisor);
  await supervisor.start();
  release('migrate', 'echo still at it; exec sleep 600');
  const reloaded = supervisor.reload().catch((reason: unknown) => reason);
  await waitUntil(() => observed.lines('migrate').includes('still at it'), { what: 'the task' });
  await supervisor.stop();
  expect(await reloaded).toMatchObject({ code: 'STOPPED' });
  expect(observed.path('migrate').slice(-3)).toEqual(['starting', 'stopping', 'stopped']);
  expect(observed.lines('index')).toEqual(['indexed']);
  expect(observed.lines('api')).toEqual(['up']);
  expect(observed.exits.some(({ pid }) => isAlive(pid))).toBe(false);
  expect(supervisor.status().every(({ pid }) => pid === undefined)).toBe(true);
});

test('a reload during the start waits for it', async () => {
  release(
    'migrate',
    `echo waiting; while [ ! -e ${join(folder, 'go')} ]; do sleep 0.02; done; echo migrated`,
  );
  const supervisor = withTasks();
  const observed = observe(supervisor);
  const started = supervisor.start();
  await waitUntil(() => observed.lines('migrate').includes('waiting'), { what: 'the task' });
  const reloaded = supervisor.reload();
  writeFileSync(join(folder, 'go'), '');
  await started;
  expect(observed.lines('migrate')).toEqual(['waiting', 'migrated']);
  await reloaded;
  expect(observed.lines('migrate')).toEqual(['waiting', 'migrated', 'waiting', 'migrated']);
  await supervisor.stop();
});

test('a reload of a start that fails, or that never was, is refused', async () => {
  release('migrate', 'exit 4');
  const supervisor = withTasks();
  await expect(supervisor.reload()).rejects.toMatchObject({ code: 'NOT_STARTED' });
  const started = supervisor.start().catch((reason: unknown) => reason);
  await expect(supervisor.reload()).rejects.toMatchObject({ code: 'STOPPED' });
  expect(await started).toMatchObject({ code: 'TASK_FAILED' });
});

/** `index` after `migrate`, `seed` beside them, and then `api`. */
function withTasks(): Supervisor {
  const task = (name: string) => ({ name, command: 'sh', args: [join(folder, name)], task: true });
  return new Supervisor({
    sockets: { api: { port: 0, host: '127.0.0.1' } },
    children: [
      { ...task('index'), after: ['migrate'] },
      task('migrate'),
      task('seed'),
      {
        name: 'api',
        script: join(folder, 'api.mjs'),
        sockets: ['api'],
        readiness: 'message',
        after: ['index', 'seed'],
      },
    ],
  });
}

function release(task: string, script: string): void {
  writeFileSync(join(folder, task), script);
}
