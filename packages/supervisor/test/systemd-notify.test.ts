import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { endNow } from './nobody-stays.ts';
import { listenAsSystemd } from './notify-socket.ts';
import { fixture, startMainProgram } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { requireSystemd } from './systemd.ts';

const child = { name: 'sleeper', command: 'sleep', args: ['600'] };

describe.skipIf(process.platform !== 'linux')('systemd hears', () => {
  test('when the supervisor is ready, reloads and stops, and how its children are', async (context) => {
    await requireSystemd(context, 'systemd-notify', 'perl');
    const systemd = await listenAsSystemd();
    const main = startMainProgram(
      {
        children: [child, { ...child, name: 'env', command: 'env', args: [], task: true }],
        reloadSignals: ['SIGHUP'],
      },
      { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '600000000', WATCHDOG_PID: '1' },
    );
    await systemd.heard(/^READY=1/);
    await systemd.heard(/STATUS=2 of 2 children are ready$/);
    const told = main.events.flatMap(({ name, line }) => (name === 'output' ? [String(line)] : []));
    expect(told.filter((line) => /^(NOTIFY|WATCHDOG|LISTEN)_/.test(line))).toEqual([]);
    const before = Number(process.hrtime.bigint() / 1000n);
    main.process.kill('SIGHUP');
    const reloading = await systemd.heard(/^RELOADING=1/);
    const at = Number(/ MONOTONIC_USEC=(\d+)/.exec(reloading)?.[1]);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1000n));
    await waitUntil(() => systemd.messages.filter((message) => message.startsWith('READY=1')).length === 2, {
      what: 'the end of the reload',
    });
    main.process.kill('SIGTERM');
    await main.exited;
    await systemd.heard(/^STOPPING=1/);
  });

  test('which child is not well, and that an incomplete start is over', async (context) => {
    await requireSystemd(context, 'systemd-notify', 'perl');
    const systemd = await listenAsSystemd();
    const main = startMainProgram(
      {
        children: [
          { ...child, name: 'broken', command: 'sh', args: ['-c', 'sleep 0.3; exit 1'], restart: false },
        ],
      },
      { NOTIFY_SOCKET: systemd.path },
    );
    await systemd.heard(/^READY=1/);
    const status = await systemd.heard(/broken is failed$/);
    expect(status).toContain('STATUS=0 of 1 children are ready');
    main.process.kill('SIGTERM');
    await main.exited;
  });

  test('signs of life while the event loop turns, and only then', async (context) => {
    await requireSystemd(context, 'systemd-notify', 'perl');
    const systemd = await listenAsSystemd();
    const main = startMainProgram(
      { children: [child] },
      { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '400000' },
    );
    const signs = (): number => systemd.messages.filter((message) => message.startsWith('WATCHDOG=1')).length;
    await waitUntil(() => signs() >= 3, { what: 'three signs of life' });
    main.process.kill('SIGSTOP');
    // One may be on its way.
    await sleep(300);
    const before = signs();
    await sleep(1_000);
    expect(signs()).toBe(before);
    main.process.kill('SIGCONT');
    await waitUntil(() => signs() > before, { what: 'another sign of life' });
    main.process.kill('SIGTERM');
    await main.exited;
  });

  test('no sign of life from a supervisor that misses the end of its children', async (context) => {
    await requireSystemd(context, 'systemd-notify', 'perl');
    const systemd = await listenAsSystemd();
    const main = spawn(process.execPath, [fixture('lost-child.mjs')], {
      env: { ...process.env, NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '200000' },
      stdio: 'inherit',
    });
    await systemd.heard(/^WATCHDOG=1/);
    main.kill('SIGUSR2');
    await systemd.heard(/STATUS=The end of these children was not noticed: child \(\d+\)$/);
    const before = systemd.messages.filter((message) => message.startsWith('WATCHDOG=1')).length;
    await sleep(500);
    expect(systemd.messages.filter((message) => message.startsWith('WATCHDOG=1'))).toHaveLength(before);
    endNow([main.pid ?? 0]);
    await once(main, 'exit');
  });

  test('nothing where there is no systemd-notify: one warning, and everything goes on', () => {
    const folder = temporaryFolder();
    const options = { children: [{ name: 'task', script: fixture('idle.mjs'), task: true }] };
    const { stderr, stdout } = spawnSync(
      process.execPath,
      [fixture('supervise.mjs'), JSON.stringify(options)],
      {
        env: { ...process.env, PATH: folder, NOTIFY_SOCKET: join(folder, 'notify') },
        encoding: 'utf8',
      },
    );
    expect(stdout).toContain('{"name":"started"}');
    expect(stderr.match(/SUPERVISOR_NOTIFY_FAILED/g)).toHaveLength(1);
    expect(stderr).toContain('systemd could not be told');
  });
});
