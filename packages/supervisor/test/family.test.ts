import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, waitUntil } from '@silly-face/testing';
import { Supervisor } from '@silly-face/supervisor';
import { describe, expect, test } from 'vitest';
import { fixture, observe } from './observe.ts';
import { statOf, survivors, watchdogOf } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe.skipIf(process.platform !== 'linux')('the family', () => {
  test('what a crashed child leaves behind ends with it', async () => {
    const supervisor = new Supervisor({
      children: [{ name: 'parent', script: fixture('family.mjs'), restart: false }],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    const line = await waitUntil(() => observed.lines('parent')[0] ?? '', { what: 'the family' });
    const family = JSON.parse(line) as number[];
    await waitUntil(() => handlesSignal(family[0] ?? 0), { what: 'the handler' });
    process.kill(family[0] ?? 0, 'SIGUSR2');
    await waitUntil(() => observed.exits.length > 0, { what: 'the exit' });
    expect(observed.exits[0]).toMatchObject({ code: 7, signal: null });
    // Killed they are by now; a busy machine may take a moment to bury them.
    expect(await survivors(family)).toEqual([]);
    await supervisor.stop();
  });

  test.each([
    { how: 'ends by itself', ending: 'exit 3', stop: false },
    { how: 'is stopped', ending: 'while :; do sleep 0.05; done', stop: true },
  ])('the most stubborn leftovers end with a child that $how', async ({ ending, stop }) => {
    const leftovers = [
      `(trap '' TERM; exec sleep 600) & echo $!`,
      `(setsid sh -c '(trap "" TERM; sleep 600 & echo $!; exec sleep 600) & echo $!' &)`,
      `(trap '' TERM; exec env -i sleep 600) & echo $!`,
      ...(process.getuid?.() === 0
        ? [`(trap '' TERM; exec setpriv --reuid=65534 --clear-groups sleep 600) & echo $!`]
        : []),
    ];
    const count = leftovers.length + 1;
    const script = `${leftovers.join('\n')}\nread -r go < "$0"; ${ending}`;
    const folder = temporaryFolder();
    const gate = join(folder, 'gate');
    spawnSync('mkfifo', [gate]);
    const supervisor = new Supervisor({
      children: [
        { name: 'parent', command: 'sh', args: ['-c', script, gate], restart: false, stopTimeoutMs: 300 },
      ],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    await waitUntil(() => observed.lines('parent').length === count, { what: 'the leftovers' });
    const pids = observed.lines('parent').map(Number);
    expect(pids.filter(isAlive)).toHaveLength(count);
    writeFileSync(gate, 'go\n');
    if (stop) await supervisor.stop();
    await waitUntil(() => observed.exits.length > 0, { what: 'the exit' });
    expect(await survivors(pids)).toEqual([]);
    await supervisor.stop();
  });

  test('what a child leaves behind ends too when no descriptor was left to search for it', async () => {
    const command = 'ulimit -n 100; exec "$0" "$1"';
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', command, process.execPath, fixture('shortage.mjs')],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, '']);
    const { leftover, ...rest } = JSON.parse(stdout) as { leftover: number };
    expect(rest).toEqual({ exhausted: true, signal: 'SIGKILL' });
    expect(await survivors([leftover])).toEqual([]);
  });

  test('a stop right after somebody ended the watchdog does not wait for it', async () => {
    const supervisor = new Supervisor({ children: [{ name: 'sleeper', command: 'sleep', args: ['600'] }] });
    await supervisor.start();
    const watchdog = await watchdogOf(process.pid);
    process.kill(watchdog, 'SIGKILL');
    await supervisor.stop();
    expect(await survivors([watchdog])).toEqual([]);
  });

  test('the watchdog ends with a supervisor that was stopped', async () => {
    const supervisor = new Supervisor({ children: [{ name: 'sleeper', command: 'sleep', args: ['600'] }] });
    await supervisor.start();
    const watchdog = await watchdogOf(process.pid);
    await supervisor.stop();
    expect(isAlive(watchdog)).toBe(false);
  });

  test('each child leads a session of its own, so that Ctrl-C reaches the supervisor alone', async () => {
    const supervisor = new Supervisor({ children: [{ name: 'sleeper', command: 'sleep', args: ['600'] }] });
    await supervisor.start();
    const pid = supervisor.status()[0]?.pid ?? 0;
    expect(statOf(pid)).toMatchObject({ group: pid, session: pid });
    const watchdog = await watchdogOf(process.pid);
    expect(statOf(watchdog)).toMatchObject({ session: watchdog });
    await supervisor.stop();
  });

  test('a child runs as another user, with the primary group and home of that user', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root can run children as somebody else');
    const supervisor = new Supervisor({
      children: [
        {
          name: 'who',
          command: 'sh',
          args: ['-c', 'id -u; id -g; id -G; echo $HOME'],
          user: 'nobody',
          task: true,
        },
      ],
    });
    const observed = observe(supervisor);
    await supervisor.start();
    const [, , uid, gid, , home] =
      readFileSync('/etc/passwd', 'utf8')
        .match(/^nobody:.*$/m)?.[0]
        .split(':') ?? [];
    expect(observed.lines('who')).toEqual([uid, gid, gid, home]);
    await supervisor.stop();
  });
});

function handlesSignal(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & (1n << 11n)) !== 0n; // SIGUSR2 is the twelfth.
}
