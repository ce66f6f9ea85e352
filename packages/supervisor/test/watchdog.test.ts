// What happens to the family in the moments in which something goes wrong with those who guard it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { endNow, familyMark } from './nobody-stays.ts';
import { entrypoint, fixture, startMainProgram, type MainProgram } from './observe.ts';
import { survivors, watchdogOf } from './processes.ts';

// One in its group and one in another session.
const FAMILY = 'sleep 600 & setsid sleep 600 & echo up; wait';

describe.skipIf(process.platform !== 'linux')('the guards of the family', () => {
  test('fifty families end with their supervisor, among five hundred processes of others', async () => {
    const mark = familyMark();
    const crowd = startMainProgram({
      children: [
        {
          name: 'crowd',
          command: 'sh',
          args: ['-c', 'for i in $(seq 500); do sleep 600 & done; echo up; wait'],
        },
      ],
    });
    await crowd.event('output', { line: 'up' });
    const main = startMainProgram({
      children: [
        {
          name: 'family',
          instances: 50,
          command: 'sh',
          args: ['-c', FAMILY],
          env: { [mark.variable]: mark.value },
        },
      ],
    });
    await waitUntil(() => mark.living().length >= 150, { what: 'fifty families' });
    process.kill(main.pid, 'SIGKILL');
    expect(await untilNobodyIsLeft(mark.living)).toEqual([]);
    crowd.process.kill('SIGTERM');
    await crowd.exited;
  });

  test('processes that stand still end too', async () => {
    const mark = familyMark();
    const main = startFamily(mark);
    await waitUntil(() => mark.living().length === 3, { what: 'the family' });
    for (const pid of mark.living()) process.kill(pid, 'SIGSTOP');
    process.kill(main.pid, 'SIGKILL');
    expect(await untilNobodyIsLeft(mark.living)).toEqual([]);
  });

  test('a family that goes on forking ends all the same', async () => {
    const mark = familyMark();
    const main = startFamily(mark, 'while :; do sleep 600 & setsid sleep 600 & sleep 0.01; done');
    await waitUntil(() => mark.living().length > 50, { what: 'a storm' });
    process.kill(main.pid, 'SIGKILL');
    expect(await untilNobodyIsLeft(mark.living)).toEqual([]);
  });

  test('a supervisor killed at any moment of its start leaves nobody behind', async () => {
    const mark = familyMark();
    for (let delayMs = 0; delayMs < 30; delayMs += 3) {
      const main = startFamily(mark, FAMILY, { instances: 20 });
      await main.event('state');
      await sleep(delayMs);
      process.kill(main.pid, 'SIGKILL');
      await main.exited;
    }
    expect(await untilNobodyIsLeft(mark.living)).toEqual([]);
    // Nor does anybody appear later: a process that was just being created.
    await sleep(300);
    expect(mark.living()).toEqual([]);
  });

  test('a child ends by the kernel alone when the watchdog dies together with the supervisor', async () => {
    const mark = familyMark();
    const main = startMainProgram({
      children: [
        {
          name: 'parent',
          script: fixture('family.mjs'),
          env: { BLOCKED: '1', [mark.variable]: mark.value },
        },
      ],
    });
    const { line } = await main.event('output');
    const [child = 0] = JSON.parse(line as string) as number[];
    await killTogether(main);
    expect(await survivors([child])).toEqual([]);
  });

  test('a stranger who got the process id of a child meanwhile is left alone', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root chooses process ids');
    const words = ['--pid', '--fork', '--kill-child', '--mount-proc', '--', entrypoint, process.execPath];
    const { stdout, stderr } = spawnSync('unshare', [...words, fixture('stranger.mjs')], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (stderr.includes('not permitted')) context.skip(`no process namespaces here: ${stderr}`);
    expect(stdout).toBe('the stranger lives\n');
  });

  test('no child holds the pipe by which the watchdog sees the end of the supervisor', async () => {
    const mark = familyMark();
    const main = startFamily(mark);
    await waitUntil(() => mark.living().length === 3, { what: 'the family' });
    const ours = socketsOf(main.pid);
    for (const pid of mark.living()) {
      expect(socketsOf(pid).filter((socket) => ours.includes(socket))).toEqual([]);
    }
    main.process.kill('SIGTERM');
    await main.exited;
  });
});

function startFamily(
  mark: { variable: string; value: string },
  script = FAMILY,
  options: Record<string, unknown> = {},
): MainProgram {
  const env = { [mark.variable]: mark.value };
  return startMainProgram({
    children: [{ name: 'family', command: 'sh', args: ['-c', script], env, ...options }],
  });
}

/** Neither can do anything about the death of the other. */
async function killTogether(main: MainProgram): Promise<void> {
  const watchdog = await watchdogOf(main.pid);
  for (const pid of [watchdog, main.pid]) process.kill(pid, 'SIGSTOP');
  endNow([watchdog, main.pid]);
  await waitUntil(() => !isAlive(watchdog) && !isAlive(main.pid), { what: 'the end of both' });
}

async function untilNobodyIsLeft(living: () => number[]): Promise<number[]> {
  await waitUntil(() => living().length === 0, { what: 'the end of the family', timeoutMs: 60_000 });
  return living();
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    .filter((target) => target.startsWith('socket:'));
}
