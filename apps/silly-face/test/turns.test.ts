import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Turns } from '../src/turns.ts';

const late = (): Error => new Error('Too late');

/** Work that lasts until it is told to end. */
function held(): { work: () => Promise<void>; end: () => void } {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { work: () => ended, end };
}

it('so many work at a time, and the others in order', async () => {
  const turns = new Turns(2);
  const first = held();
  const second = held();
  const begun: number[] = [];
  const all = [
    turns.take(first.work),
    turns.take(second.work),
    turns.take(async () => begun.push(3)),
    turns.take(async () => begun.push(4)),
  ];
  await sleep(5);
  expect(begun).toEqual([]);
  second.end();
  await all[3];
  expect(begun).toEqual([3, 4]);
  first.end();
  await Promise.all(all);
});

it('work that fails gives its turn to the next', async () => {
  const turns = new Turns(1);
  const failed = turns.take(() => Promise.reject(new Error('It failed')));
  const next = turns.take(async () => 'done');
  await expect(failed).rejects.toThrow('It failed');
  expect(await next).toBe('done');
});

it('whoever loses patience does not begin, and keeps nobody else from a turn', async () => {
  const turns = new Turns(1, { patienceMs: 20, late });
  const first = held();
  const taken = turns.take(first.work);
  let isBegun = false;
  await expect(turns.take(async () => (isBegun = true))).rejects.toThrow('Too late');
  const next = turns.take(async () => 'done');
  first.end();
  await taken;
  expect(await next).toBe('done');
  expect(isBegun).toBe(false);
});
