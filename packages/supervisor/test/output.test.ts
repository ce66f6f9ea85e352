import { Supervisor } from '@silly-face/supervisor';
import { expect, test } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { fixture, observe } from './observe.ts';

test.each([
  ['exit', 'line 19999 ©€😀'],
  ['crash', 'Error: the last words'],
])('20,000 lines right before %s all arrive, whole and in order', async (how, lastWords) => {
  const supervisor = new Supervisor({
    children: [{ name: 'burst', script: fixture('burst.mjs'), args: [how], restart: false }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await waitUntil(() => observed.exits.length > 0, { what: 'the exit' });
  const lines = observed.output.filter(({ stream }) => stream === 'stdout').map(({ line }) => line);
  expect(lines).toEqual(Array.from({ length: 20_000 }, (_, index) => `line ${index} ©€😀`));
  expect(observed.exits[0]?.code).toBe(1);
  expect(observed.exits[0]?.lastLines).toContain(lastWords);
  await supervisor.stop();
});

test('characters that arrive in pieces, lines without an end and both streams are told apart', async () => {
  const script = String.raw`printf 'eur\342'; sleep 0.1; printf '\202'; sleep 0.1; printf '\254o\nno end'; echo oops >&2`;
  const supervisor = new Supervisor({
    children: [{ name: 'sh', command: 'sh', args: ['-c', script], task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  const lines = (stream: string): string[] =>
    observed.output.filter((event) => event.stream === stream).map(({ line }) => line);
  expect(lines('stdout')).toEqual(['eur€o', 'no end']);
  expect(lines('stderr')).toEqual(['oops']);
  expect(observed.output.every(({ child, pid }) => child === 'sh' && pid === observed.exits[0]?.pid)).toBe(
    true,
  );
  await supervisor.stop();
});
