import { existsSync, writeFileSync } from 'node:fs';
import { isAlive, waitUntil } from '@silly-face/testing';
import { describe, expect, test } from 'vitest';
import { fixture, startMainProgram, type MainProgram } from './observe.ts';
import { survivors, watchdogOf } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe.skipIf(process.platform !== 'linux').concurrent('when the supervisor dies', () => {
  test.each([{ BLOCKED: '1' }, {}])(
    'a supervisor killed with SIGKILL takes along a child, its grandchild and one in another session (%o)',
    async (env) => {
      const main = startMainProgram({ children: [{ name: 'parent', script: fixture('family.mjs'), env }] });
      const family = await familyOf(main);
      const watchdog = await watchdogOf(main.pid);
      expect([...family, watchdog].every(isAlive)).toBe(true);
      process.kill(main.pid, 'SIGKILL');
      expect(await survivors([...family, watchdog])).toEqual([]);
    },
  );

  test('a supervisor that exits by itself takes its children along too', async () => {
    const main = startMainProgram({
      signals: ['SIGINT'],
      children: [{ name: 'parent', script: fixture('family.mjs') }],
    });
    const family = await familyOf(main);
    // Nobody listens for SIGTERM in this one: it dies as programs do.
    process.kill(main.pid, 'SIGTERM');
    expect((await main.exited)[1]).toBe('SIGTERM');
    expect(await survivors(family)).toEqual([]);
  });

  test('a child with a death signal of its own gets that, and may clean up', async () => {
    // The shell reports the end of its sleep on the standard error, which died with the supervisor.
    const script = `trap 'sleep 0.3; rm "$0"; exit 0' QUIT; echo up; exec 2>/dev/null; while :; do sleep 0.1; done`;
    const folder = temporaryFolder();
    writeFileSync(`${folder}/memory`, '');
    const main = startMainProgram({
      children: [
        { name: 'db', command: 'sh', args: ['-c', script, `${folder}/memory`], deathSignal: 'SIGQUIT' },
      ],
    });
    const { pid } = await main.event('output', { line: 'up' });
    process.kill(main.pid, 'SIGKILL');
    expect(await survivors([pid as number])).toEqual([]);
    expect(existsSync(`${folder}/memory`)).toBe(false);
  });

  test('a child with a gentle death signal that ignores it is ended all the same', async () => {
    const script = `trap '' QUIT; echo up; while :; do sleep 0.1; done`;
    const main = startMainProgram({
      children: [{ name: 'db', command: 'sh', args: ['-c', script], deathSignal: 'SIGQUIT' }],
    });
    const { pid } = await main.event('output', { line: 'up' });
    process.kill(main.pid, 'SIGKILL');
    expect(await survivors([pid as number])).toEqual([]);
  });

  test('a watchdog that somebody ends is replaced', async () => {
    const main = startMainProgram({
      children: [{ name: 'parent', script: fixture('family.mjs'), env: { BLOCKED: '1' } }],
    });
    const family = await familyOf(main);
    const first = await watchdogOf(main.pid);
    process.kill(first, 'SIGKILL');
    const second = await waitUntil(
      async () => (await watchdogOf(main.pid)) !== first && watchdogOf(main.pid),
      {
        what: 'another watchdog',
      },
    );
    process.kill(main.pid, 'SIGKILL');
    expect(await survivors([...family, second])).toEqual([]);
  });
});

async function familyOf(main: MainProgram): Promise<number[]> {
  const { line } = await main.event('output');
  return JSON.parse(line as string) as number[];
}
