import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SupervisorOptions } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

test('the console has every line of a burst that somebody reads slowly', async () => {
  const run = start({
    children: [{ name: 'task', command: 'sh', args: ['-c', 'yes 0123456789 | head -n 500000'], task: true }],
  });
  const received: Buffer[] = [];
  for await (const chunk of run.stdout) {
    received.push(chunk as Buffer);
    await sleep(2);
  }
  expect(String(Buffer.concat(received))).toBe('task | 0123456789\n'.repeat(500_000));
});

test('a console that nobody reads holds up neither its child for long nor a file, and says later what is missing', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'all.log');
  const run = start({
    output: [{ type: 'console' }, { type: 'file', path, format: 'raw' }],
    children: [
      { name: 'noisy', command: 'sh', args: ['-c', 'yes 0123456789 | head -n 2000000; exec sleep 600'] },
      {
        name: 'quiet',
        command: 'sh',
        args: ['-c', 'sleep 1; echo quiet; exec sleep 600'],
        output: [{ type: 'console' }],
      },
    ],
  });
  let errors = '';
  run.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)));
  await waitUntil(() => sizeOf(path) === 22_000_000, { what: 'the file' });

  let text = '';
  run.stdout.on('data', (chunk: Buffer) => (text += String(chunk)));
  const notice = /^supervisor \| noisy: (\d+) lines \((\d+) bytes\) of its stdout were dropped here$/m;
  const [, lines, bytes] = await waitUntil(() => notice.exec(text), { what: 'the notice' });
  await waitUntil(() => text.includes('quiet | quiet\n'), { what: 'the line of the other child' });
  expect(Number(bytes)).toBe(Number(lines) * 11);
  expect(text.split('noisy | 0123456789\n').length - 1 + Number(lines)).toBe(2_000_000);
  expect(errors).toContain(
    `supervisor | noisy: ${lines} lines (${bytes} bytes) were dropped, stdout is too slow\n`,
  );
  run.kill('SIGTERM');
  await once(run, 'exit');
});

test('a signal ends the supervisor although nobody reads its console', async () => {
  const path = join(temporaryFolder(), 'all.log');
  const run = start({
    output: [{ type: 'console' }, { type: 'file', path, format: 'raw' }],
    children: [
      { name: 'noisy', command: 'sh', args: ['-c', 'yes 0123456789 | head -n 2000000; exec sleep 600'] },
    ],
  });
  run.stdout.pause();
  let errors = '';
  run.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)));
  await waitUntil(() => sizeOf(path) === 22_000_000, { what: 'the file' });
  run.kill('SIGTERM');
  const exited = once(run, 'exit');
  await waitUntil(() => errors.includes('noisy: stopped'), { what: 'the end of the child', intervalMs: 1 });
  const since = performance.now();
  expect((await exited)[0]).toBe(0);
  // The limit is five seconds, once.
  expect(performance.now() - since).toBeLessThan(9_000);
});

test('what was read before a signal is in the file when the supervisor has ended', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'stdout.log');
  const script = 'trap "yes goodbye | head -n 100000; exit 0" TERM; echo ready; while :; do sleep 0.05; done';
  const run = start({
    output: [{ type: 'file', path: join(folder, '{stream}.log'), format: 'raw' }],
    children: [{ name: 'sh', command: 'sh', args: ['-c', script] }],
  });
  run.stdout.resume();
  run.stderr.resume();
  await waitUntil(() => sizeOf(path) > 0, { what: 'the child' });
  run.kill('SIGTERM');
  await once(run, 'exit');
  expect(readFileSync(path, 'utf8')).toBe(`ready\n${'goodbye\n'.repeat(100_000)}`);
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function start(options: SupervisorOptions) {
  const config = join(temporaryFolder(), 'config.json');
  writeFileSync(config, JSON.stringify(options));
  const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  return spawn(process.execPath, [program, 'start', config], { stdio: ['ignore', 'pipe', 'pipe'] });
}
