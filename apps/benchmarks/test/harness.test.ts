import { expect, test } from 'vitest';
import { interleave } from '../src/harness/interleave.ts';
import { limitRow, medianRow, shareRow, totalRow } from '../src/harness/row.ts';
import { median, spread } from '../src/harness/statistics.ts';

test('the median and the spread are those of the quartiles', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([1, 2, 3, 4])).toBe(2.5);
  expect(spread([1, 2, 3, 4, 5])).toBeCloseTo(2 / 3);
  expect(() => median([])).toThrow('no values');
});

test('rounds are interleaved, their order turns, and the first round only warms up', async () => {
  const order: string[] = [];
  const candidate = (name: string) => async (): Promise<number> => order.push(name);
  const samples = await interleave({ a: candidate('a'), b: candidate('b') }, 2);
  expect(order.join('')).toBe('ababba');
  expect(samples).toEqual({ a: [3, 6], b: [4, 5] });
});

test('the first round may be another one', async () => {
  const order: string[] = [];
  const candidate = (name: string) => async (): Promise<number> => order.push(name);
  const candidates = { a: candidate('a'), b: candidate('b') };
  await interleave(candidates, 1, { a: candidate('short a'), b: candidate('short b') });
  expect(order).toEqual(['short a', 'short b', 'a', 'b']);
});

test('a row of medians is met by its ratio, in the direction that is better', () => {
  const description = { dimension: 'd', unit: 'ms', against: 'rival', goalRatio: 1 };
  const samples = { ours: [1, 2, 3], rival: [4, 4, 4], other: [1, 1, 1] };
  expect(medianRow(samples, { ...description, better: 'lower' })).toEqual({
    dimension: 'd',
    unit: 'ms',
    better: 'lower',
    ours: 2,
    spread: 0.5,
    n: 3,
    rivals: { rival: 4, other: 1 },
    against: 'rival',
    ratio: 0.5,
    goal: '≤ 1 × rival',
    met: true,
  });
  expect(medianRow(samples, { ...description, better: 'higher' }).met).toBe(false);
});

test('a row of medians may be met by our own value', () => {
  const description = { dimension: 'd', unit: 'µs', better: 'lower' as const, against: 'rival' };
  const samples = { ours: [1, 2, 3], rival: [1, 1, 1] };
  expect(medianRow(samples, { ...description, goalValue: 2 })).toMatchObject({
    ratio: 2,
    goal: '≤ 2 µs',
    met: true,
  });
  expect(medianRow(samples, { ...description, goalValue: 1.9 }).met).toBe(false);
});

test('a row of losses counts totals and names how many were tried', () => {
  const description = {
    dimension: 'lost',
    unit: 'requests',
    better: 'lower' as const,
    against: 'rival',
    n: 1000,
  };
  const row = totalRow({ ours: 1, rival: 0 }, { ...description, goalTotal: 0 });
  expect(row).toMatchObject({ ours: 1, spread: null, n: 1000, ratio: null, goal: '≤ 0', met: false });
  const successes = { ...description, better: 'higher' as const, goalTotal: 960 };
  expect(totalRow({ ours: 961, rival: 950 }, successes)).toMatchObject({ goal: '≥ 960', met: true });
  expect(() => totalRow({ ours: 0 }, { ...description, goalTotal: 0 })).toThrow('not measured');
});

test('a row without a rival is met by its limit, in the direction that is better', () => {
  const description = { dimension: 'd', unit: 's', limit: 2 };
  expect(limitRow([1, 2, 9], { ...description, better: 'lower' })).toMatchObject({
    ours: 2,
    n: 3,
    rivals: { 'the limit': 2 },
    against: 'the limit',
    ratio: 1,
    goal: '≤ 2 s',
    met: true,
  });
  expect(limitRow([1], { ...description, better: 'higher' })).toMatchObject({ goal: '≥ 2 s', met: false });
});

test('a row of shares judges each candidate by its own number of tries', () => {
  const description = { dimension: 'lost', unit: 'per 10,000', against: 'rival', per: 10_000 } as const;
  const shares = { ours: { count: 1, of: 100_000 }, rival: { count: 2, of: 100 } };
  expect(shareRow(shares, { ...description, better: 'lower', goal: 0 })).toMatchObject({
    ours: 0.1,
    rivals: { rival: 200 },
    n: 100_000,
    spread: null,
    met: false,
  });
  expect(shareRow(shares, { ...description, better: 'lower', goal: 0.1 }).met).toBe(true);
  expect(shareRow(shares, { ...description, better: 'lower', goalRatio: 0.5 })).toMatchObject({
    goal: '≤ 0.5 × rival',
    met: true,
  });
});
