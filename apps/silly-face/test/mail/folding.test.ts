import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Folding } from '../../src/mail/folding.ts';
import type { Trouble } from '../../src/mail/trouble.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const minuteMs = 60_000;

function trouble(changes: Partial<Trouble> = {}): Trouble {
  const at = new Date();
  const nothing = { pid: 1, exitCode: 1, signal: null, lastLines: [], restarts: 0 };
  return {
    kind: 'crash',
    child: 'api',
    reason: 'why',
    count: 1,
    firstAt: at,
    lastAt: at,
    ...nothing,
    ...changes,
  };
}

/** At which minute what was sent, and how often it had happened. */
function folding(): { folding: Folding; sent: [minute: number, count: number][] } {
  const begin = Date.now();
  const sent: [number, number][] = [];
  const send = ({ count }: Trouble): void => void sent.push([(Date.now() - begin) / minuteMs, count]);
  return { folding: new Folding(10 * minuteMs, send), sent };
}

test('trouble without an end is mailed less and less often, and each time counted', () => {
  const { folding: all, sent } = folding();
  for (let minute = 0; minute < 400; minute++) {
    all.add(trouble());
    vi.advanceTimersByTime(minuteMs);
  }
  all.close();
  expect(sent.map(([minute]) => minute)).toEqual([0, 10, 30, 70, 150, 230, 310, 390, 400]);
  expect(sent.reduce((sum, [, count]) => sum + count, 0)).toBe(400);
});

test('after a quiet window the next trouble is mailed at once', () => {
  const { folding: all, sent } = folding();
  all.add(trouble());
  all.add(trouble());
  vi.advanceTimersByTime(31 * minuteMs);
  all.add(trouble());
  expect(sent).toEqual([
    [0, 1],
    [10, 1],
    [31, 1],
  ]);
  all.close();
});

test('other children and other kinds have windows of their own', () => {
  const { folding: all, sent } = folding();
  for (const changes of [{}, { child: 'bot' }, { kind: 'fatal' as const }, { child: undefined }])
    all.add(trouble(changes));
  expect(sent).toHaveLength(4);
  all.close();
});
