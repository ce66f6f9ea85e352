// What tini and dumb-init promise, asked of the entrypoint under each shell, as process 1 and as any other process.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { bringDebianPackage, descendants, isAlive, waitUntil } from '@silly-face/testing';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { entrypoint, fixture } from './observe.ts';
import { endNow } from './nobody-stays.ts';
import { commandLine } from './processes.ts';

const shells = [
  { name: 'dash', words: ['dash'] },
  { name: 'bash', words: ['bash'] },
  { name: 'busybox', words: ['busybox', 'ash'] },
];
const SIGNALS = ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'ALRM', 'TERM', 'WINCH', 'CONT'] as const;
const namespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

describe.skipIf(process.platform !== 'linux').each(
  shells.flatMap((shell) => [
    { ...shell, place: 'as process 1', before: namespace },
    { ...shell, place: 'as any process', before: [] },
  ]),
)('the entrypoint under $name $place', ({ name, words, before }) => {
  const isFirst = before.length > 0;

  test.for([
    ['exit 0', 0],
    ['exit 42', 42],
    ['kill -TERM $$', 128 + 15],
    ['kill -KILL $$', 128 + 9],
    ['exec no-such-program', 127],
  ] as const)('passes on the exit code of `%s`', async ([script, code], context) => {
    await require(context);
    expect(run('sh', '-c', script).status).toBe(code);
  });

  test('gives its command the standard input and no other descriptor', async (context) => {
    await require(context);
    const script = 'cat; for fd in /proc/$$/fd/*; do echo "${fd##*/}"; done';
    const { stdout } = run('dash', '-c', script);
    // Dash has the directory open only while it finds the names.
    expect(stdout.split('\n').filter((line) => line !== '' && Number(line) < 10)).toEqual(
      expect.arrayContaining(['0', '1', '2']),
    );
    expect(stdout.startsWith('from the test')).toBe(true);
    expect(stdout).not.toMatch(/^9$/m);
  });

  test('passes on signals, and ends when its command does', async (context) => {
    await require(context);
    const traps = SIGNALS.map((signal) => `trap 'echo ${signal}' ${signal}`).join('; ');
    const { child, first, lines } = await launch(
      'sh',
      '-c',
      `${traps}; echo up; while :; do sleep 0.02; done`,
    );
    await waitUntil(() => lines.includes('up'), { what: 'the traps' });
    for (const signal of SIGNALS) {
      process.kill(first, `SIG${signal}`);
      await waitUntil(() => lines.includes(signal), { what: signal });
    }
    expect(isAlive(first)).toBe(true);
    // However many of them interrupt its waiting, it knows in the end.
    for (let count = 0; count < 100; count++) process.kill(first, 'SIGUSR1');
    const command = await waitUntil(() => commandOf(first), { what: 'the command' });
    process.kill(command, 'SIGKILL');
    expect(await once(child, 'exit')).toEqual([128 + 9, null]);
  });

  test('passes on the exit code also when signals come in the moment of the end', async (context) => {
    await require(context);
    for (let count = 0; count < 10; count++) {
      const script = `trap 'exit 42' TERM; trap '' USR1; echo up; while :; do sleep 0.01; done`;
      const { child, first, lines } = await launch('sh', '-c', script);
      await waitUntil(() => lines.includes('up'), { what: 'the traps', intervalMs: 1 });
      const end = once(child, 'exit');
      process.kill(first, 'SIGTERM');
      // At first one in the midst of the other, then at a pace that a shell can pass them on at: it nests them until its stack is full.
      // Bash forgets one in some hundreds of those that come in the midst.
      const burst = name === 'bash' ? 0 : 50;
      for (let sent = 0; child.exitCode === null && signalIfAlive(first, 'SIGUSR1'); sent++) {
        const until = performance.now() + (sent < burst ? 0 : 0.5);
        do await setImmediate();
        while (performance.now() < until);
      }
      expect(await end).toEqual([42, null]);
    }
  });

  test.for(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    'ends a command that knows no %s by it',
    async (signal, context) => {
      await require(context);
      if (signal !== 'SIGTERM' && spawnSync('env', ['--default-signal=INT', 'true']).status !== 0) {
        context.skip('this env cannot give a signal its default action');
      }
      const { child, first } = await launch('sleep', '600');
      await waitUntil(() => commandLine(commandOf(first) ?? 0) === 'sleep\u0000600\u0000', {
        what: 'the command',
      });
      process.kill(first, signal);
      const [code] = (await once(child, 'exit')) as [number];
      expect(code).toBe({ SIGTERM: 143, SIGINT: 130, SIGQUIT: 131 }[signal]);
    },
  );

  test('a signal that comes at once is not lost', async (context) => {
    await require(context);
    for (let count = 0; count < 10; count++) {
      const { child, first } = await launch('sleep', '600');
      // The last of its traps: bash has handlers of its own before, and process 1 survives what they do.
      await waitUntil(() => handles(first, constants.signals.SIGPWR), { what: 'the traps', intervalMs: 1 });
      process.kill(first, 'SIGTERM');
      expect(await once(child, 'exit')).toEqual([143, null]);
    }
  });

  // Nobody else gets orphans.
  test.for(isFirst ? ['orphans'] : [])('buries %s', async (_whom, context) => {
    await require(context);
    const orphans = 'for i in 1 2 3 4 5; do (sleep 0.05 &); (sh -c "sleep 0.01 & exec true" &); done';
    const zombies = `grep -l '^State:.Z' /proc/[0-9]*/status; true`;
    const { stdout } = run('sh', '-c', `${orphans}; sleep 0.5; ${zombies}`);
    expect(stdout).toBe('');
  });

  test('a supervisor stops its children in order behind it, and leaves no zombie', async (context) => {
    await require(context);
    const options = {
      children: [
        {
          name: 'app',
          command: 'sh',
          args: ['-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.02; done'],
        },
      ],
    };
    const { child, first, lines } = await launch(
      process.execPath,
      fixture('supervise.mjs'),
      JSON.stringify(options),
    );
    await waitUntil(() => lines.some((line) => line.includes('"started"')), { what: 'the supervisor' });
    process.kill(first, 'SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(lines.at(-1)).toContain('"stopped"');
  });

  async function require(context: TestContext): Promise<void> {
    if (name === 'busybox') {
      const reason = await bringDebianPackage('busybox', () => spawnSync('busybox', ['true']).status === 0);
      if (reason) context.skip(reason);
    }
    if (!isFirst) return;
    const { status, stderr } = spawnSync(namespace[0] ?? '', [...namespace.slice(1), 'true'], {
      encoding: 'utf8',
    });
    if (status !== 0) context.skip(`no process namespaces here: ${stderr}`);
  }

  /** Behind bash there is another one in between. */
  function commandOf(first: number): number | undefined {
    const [next] = childrenOf(first);
    return next !== undefined && name === 'bash' ? childrenOf(next)[0] : next;
  }

  function run(...command: string[]): { status: number | null; stdout: string } {
    const [file = '', ...args] = [...before, ...words, entrypoint, ...command];
    return spawnSync(file, args, { encoding: 'utf8', input: 'from the test\n', timeout: 60_000 });
  }

  async function launch(
    ...command: string[]
  ): Promise<{ child: ChildProcess; first: number; lines: string[] }> {
    const [file = '', ...args] = [...before, ...words, entrypoint, ...command];
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const { pid = 0 } = child;
    onTestFinished(() => {
      const left = [pid, ...descendants(pid)];
      if (child.exitCode === null && child.signalCode === null) endNow(left);
    });
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    if (!isFirst) return { child, first: pid, lines };
    const first = await waitUntil(() => childrenOf(pid)[0], { what: 'process 1', intervalMs: 1 });
    return { child, first, lines };
  }
});

test('the entrypoint without a command says how it is used', () => {
  const { status, stderr } = spawnSync(entrypoint, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'Usage: supervisor-entrypoint <command> [arguments]\n',
  });
  expect(spawnSync(entrypoint, ['--help'], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stdout: stderr,
  });
});

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // It is gone.
  }
}

function handles(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & (1n << BigInt(signal - 1))) !== 0n;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // It is gone.
  }
}
