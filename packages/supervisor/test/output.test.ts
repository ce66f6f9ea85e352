import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Supervisor } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { fixture, observe } from './observe.ts';
import { runTask } from './task-output.ts';
import { temporaryFolder } from './temporary-folder.ts';

const burst = Array.from({ length: 200_000 }, (_, index) => `line ${index} ©€😀`);

test.each([
  ['exit', 'stdout', 'burst.mjs'],
  ['exit', 'stderr', 'burst.cjs'],
  ['crash', 'stdout', 'burst.cjs'],
  ['crash', 'stderr', 'burst.mjs'],
])('200,000 lines right before %s arrive on %s of %s, whole and in order', async (how, stream, script) => {
  const path = join(temporaryFolder(), '{stream}.log');
  const supervisor = new Supervisor({
    output: [{ type: 'file', path, format: 'raw' }],
    children: [{ name: 'burst', script: fixture(script), args: [how, stream], restart: false }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.exits.length > 0, { what: 'the exit' });
  await supervisor.stop();

  const lines = observed.output.filter((event) => event.stream === stream).map(({ line }) => line);
  expect(lines.slice(0, burst.length)).toEqual(burst);
  expect(observed.exits[0]?.code).toBe(1);
  expect(observed.exits[0]?.lastLines).toHaveLength(20);
  expect(observed.exits[0]?.lastLines).toContain(how === 'crash' ? 'Error: the last words' : burst.at(-1));
  const written = readFileSync(path.replace('{stream}', stream), 'utf8');
  expect(written).toBe(lines.map((line) => `${line}\n`).join(''));
});

test('a program that is not Node.js and ends in the middle of a burst loses nothing', async () => {
  const { lines } = await runTask('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done');
  expect(lines('stdout')).toEqual(Array.from({ length: 20_000 }, (_, index) => `line ${index}`));
});

test('characters that arrive in pieces, lines without an end and both streams are told apart', async () => {
  const { lines, observed } = await runTask(
    String.raw`printf 'eur\342'; sleep 0.1; printf '\202'; sleep 0.1; printf '\254o\r\n\nno end'; echo oops >&2`,
  );
  expect(lines('stdout')).toEqual(['eur€o\r', '', 'no end']);
  expect(lines('stderr')).toEqual(['oops']);
  expect(observed.output.every(({ child, pid }) => child === 'task' && pid === observed.exits[0]?.pid)).toBe(
    true,
  );
});

test('a line of megabytes comes in pieces that say so, with whole characters', async () => {
  const script = 'process.stdout.write("€".repeat(800_000) + "\\nshort\\n")';
  const { observed } = await runTask(`exec ${process.execPath} -e '${script}'`);
  const pieces = observed.output.map(({ line, continues }) => [continues ?? false, Buffer.byteLength(line)]);
  expect(pieces.map(([continues]) => continues)).toEqual([true, true, false, false]);
  expect(Math.max(...pieces.map(([, bytes]) => Number(bytes)))).toBeLessThanOrEqual(1024 * 1024);
  const [long, short] = [observed.output.slice(0, 3), observed.output.slice(3)];
  expect(long.map(({ line }) => line).join('')).toBe('€'.repeat(800_000));
  expect(short.map(({ line }) => line)).toEqual(['short']);
});

test('a script that prints for the first time while it exits, and its worker, are heard', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'late', script: fixture('late.cjs'), task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  expect(observed.lines('late').toSorted()).toEqual(
    [
      'from the worker',
      'and its errors',
      ...Array.from({ length: 50_000 }, (_, index) => `late ${index}`),
      'terminal undefined false',
    ].toSorted(),
  );
  await supervisor.stop();
});

test('a forked process is heard to its last line, and one whose output nobody reads is not stopped', async () => {
  const supervisor = new Supervisor({
    children: [{ name: 'forks', script: fixture('forks.cjs'), task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  expect(observed.lines('forks')).toEqual([
    ...Array.from({ length: 20_000 }, (_, index) => `heard ${index}`),
    'nobody had to read it',
  ]);
  await supervisor.stop();
});
