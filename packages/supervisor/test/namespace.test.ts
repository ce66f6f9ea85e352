import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Supervisor } from '@silly-face/supervisor';
import { isAlive, waitUntil } from '@silly-face/testing';
import { describe, expect, test, type TestContext } from 'vitest';
import { ask } from './ask.ts';
import { endNow, familyMark } from './nobody-stays.ts';
import { fixture, observe, startMainProgram, portOf } from './observe.ts';
import { survivors, watchdogOf, commandLine } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

// Nothing of them could be found by its group or its environment.
const HIDDEN = 'setsid env -i sleep 54321 & setsid env -i setsid sh -c "sleep 54321; :" & echo up';

describe.skipIf(process.platform !== 'linux')('a namespace of its own', () => {
  test('a script in it has its channel, its sockets, and an id outside by which it gets signals', async (context) => {
    requireNamespaces(context);
    const supervisor = new Supervisor({
      sockets: { api: { port: 0, host: '127.0.0.1' } },
      children: [
        {
          name: 'api',
          script: fixture('server.mjs'),
          sockets: ['api'],
          readiness: 'message',
          namespace: true,
        },
      ],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    const port = portOf(supervisor);
    const { pid = 0 } = supervisor.status()[0] ?? {};
    const inside = await ask(port);
    expect(Number(inside)).toBeLessThan(10);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(
      new RegExp(`^NSpid:\\s${pid}\\s${inside}$`, 'm'),
    );
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('server.mjs');
    await supervisor.stop();
    expect(observed.exits).toMatchObject([{ pid, code: 0, signal: null }]);
  });

  test('a program in it is told of its sockets, gets every signal, and nothing is added to its output', async (context) => {
    requireNamespaces(context);
    const script = `for s in HUP INT QUIT USR1 USR2; do trap "echo $s" $s; done
      [ "$LISTEN_PID" = $$ ] && echo "mine $LISTEN_FDS"; while :; do sleep 0.02; done`;
    const supervisor = new Supervisor({
      sockets: { api: { port: 0, host: '127.0.0.1' } },
      children: [{ name: 'sh', command: 'sh', args: ['-c', script], sockets: ['api'], namespace: true }],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    await waitUntil(() => observed.lines('sh').includes('mine 1'), { what: 'the traps' });
    const { pid = 0 } = supervisor.status()[0] ?? {};
    for (const signal of ['HUP', 'INT', 'QUIT', 'USR1', 'USR2']) {
      process.kill(pid, `SIG${signal}`);
      await waitUntil(() => observed.lines('sh').includes(signal), { what: signal });
    }
    await supervisor.stop();
    expect(observed.lines('sh')).toEqual(['mine 1', 'HUP', 'INT', 'QUIT', 'USR1', 'USR2']);
    expect(observed.exits).toMatchObject([{ pid, code: 128 + 15, signal: null }]);
  });

  test.for<[NodeJS.Signals, number]>([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGHUP', 129],
  ])('a program without a handler ends at %s, as outside', async ([stopSignal, code], context) => {
    requireNamespaces(context);
    const supervisor = new Supervisor({
      children: [
        {
          name: 'sleep',
          command: 'sleep',
          args: ['600'],
          stopSignal,
          stopTimeoutMs: 600_000,
          namespace: true,
        },
      ],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    await supervisor.stop();
    expect(observed.exits).toMatchObject([{ code, lastLines: [] }]);
  });

  test('a program may take its time to end at SIGINT', async (context) => {
    requireNamespaces(context);
    const script = `trap 'sleep 0.2; echo done; exit 5' INT; echo up; while :; do sleep 0.02; done`;
    const supervisor = new Supervisor({
      children: [
        {
          name: 'sh',
          command: 'sh',
          args: ['-c', script],
          stopSignal: 'SIGINT',
          stopTimeoutMs: 600_000,
          namespace: true,
        },
      ],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    await waitUntil(() => observed.lines('sh').includes('up'), { what: 'the trap' });
    await supervisor.stop();
    expect(observed.exits).toMatchObject([{ code: 5, lastLines: ['up', 'done'] }]);
  });

  test('its exit code arrives, and its orphans are buried meanwhile', async (context) => {
    requireNamespaces(context);
    const script = `(sleep 0.01 &); (sh -c 'sleep 0.01 & exec true' &); sleep 0.3; grep -l '^State:.Z' /proc/[0-9]*/status; exit 42`;
    const supervisor = new Supervisor({
      children: [{ name: 'sh', command: 'sh', args: ['-c', script], task: true, namespace: true }],
    });
    const error = await supervisor.start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'TASK_FAILED', exitCode: 42, lastLines: [] });
  });

  test.for(['exit 7', 'kill -9 $$', 'sleep 600'])(
    'all that it hid from us ends with it (%s)',
    async (end, context) => {
      requireNamespaces(context);
      const supervisor = new Supervisor({
        children: [
          {
            name: 'sh',
            command: 'sh',
            args: ['-c', `${HIDDEN}; ${end}`],
            restart: false,
            stopTimeoutMs: 100,
            namespace: true,
          },
        ],
      });
      const observed = observe(supervisor);
      // One that ends at once may have ended before it counts as ready.
      await Promise.allSettled([supervisor.start()]);
      await waitUntil(() => observed.lines('sh').includes('up'), { what: 'those that hide' });
      if (end === 'sleep 600') await supervisor.stop();
      else await waitUntil(() => observed.exits.length > 0, { what: 'the end' });
      expect(hidden()).toEqual([]);
      await supervisor.stop();
    },
  );

  test('all of it ends when supervisor and watchdog are killed at the same time', async (context) => {
    requireNamespaces(context);
    const mark = familyMark();
    const main = startMainProgram({
      children: [
        {
          name: 'sh',
          command: 'sh',
          args: ['-c', `${HIDDEN}; wait`],
          env: { [mark.variable]: mark.value },
          namespace: true,
        },
      ],
    });
    await main.event('output', { line: 'up' });
    await waitUntil(() => hidden().length === 2, { what: 'those that hide' });
    const watchdog = await watchdogOf(main.pid);
    for (const pid of [watchdog, main.pid]) process.kill(pid, 'SIGSTOP');
    const everybody = [...hidden(), ...mark.living()];
    endNow([watchdog, main.pid]);
    expect(await survivors(everybody)).toEqual([]);
  });

  test('another user runs in it without power over its first process', async (context) => {
    requireNamespaces(context);
    if (process.getuid?.() !== 0) context.skip('only root can run children as somebody else');
    const supervisor = new Supervisor({
      children: [
        {
          name: 'who',
          command: 'sh',
          args: ['-c', 'id -un; id -G; kill -9 1 2>/dev/null || echo no power'],
          user: 'nobody',
          task: true,
          namespace: true,
        },
      ],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    expect(observed.lines('who')).toEqual(['nobody', expect.stringMatching(/^\d+$/), 'no power']);
    await supervisor.stop();
  });

  test('where it is not permitted the error says so', async () => {
    const folder = temporaryFolder();
    const refusal = 'unshare: unshare failed: Operation not permitted';
    writeFileSync(join(folder, 'unshare'), `#!/bin/sh\necho '${refusal}' >&2; exit 1\n`, { mode: 0o755 });
    const options = { children: [{ name: 'api', command: 'sleep', args: ['600'], namespace: true }] };
    const { stderr } = spawnSync(process.execPath, [fixture('supervise.mjs'), JSON.stringify(options)], {
      env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
      encoding: 'utf8',
    });
    expect(stderr).toContain(`Child "api" cannot have a namespace of its own: ${refusal}`);
    expect(stderr).toContain(`code: 'SPAWN_FAILED'`);
  });
});

test('a namespace ends at once, so that a gentle death signal contradicts it', () => {
  const child = { name: 'db', command: 'sleep', namespace: true, deathSignal: 'SIGQUIT' } as const;
  expect(() => new Supervisor({ children: [child] })).toThrow(
    'Child "db" has a `namespace`, which ends at once: its `deathSignal` can only be SIGKILL',
  );
});

function requireNamespaces(context: TestContext): void {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user'];
  const { status, stderr, error } = spawnSync(
    'unshare',
    [...user, '--pid', '--fork', '--kill-child', '--mount-proc', 'true'],
    { encoding: 'utf8' },
  );
  if (status !== 0) context.skip(`no process namespaces here: ${error?.message ?? stderr.trim()}`);
}

function hidden(): number[] {
  const pids = readdirSync('/proc').map(Number);
  return pids.filter((pid) => commandLine(pid) === 'sleep\u000054321\u0000' && isAlive(pid));
}
