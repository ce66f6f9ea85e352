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

/** At which minute what was sent, and how often it had happened; `told` is what. */
function folding(): { folding: Folding; sent: [minute: number, count: number][]; told: string[] } {
  const begin = Date.now();
  const sent: [number, number][] = [];
  const told: string[] = [];
  const send = ({ kind, count }: Trouble): void => {
    const minute = (Date.now() - begin) / minuteMs;
    sent.push([minute, count]);
    told.push(`${minute} ${kind}`);
  };
  return { folding: new Folding(10 * minuteMs, send), sent, told };
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

/** Each after so many minutes. */
function happen(all: Folding, ...kinds: [kind: Trouble['kind'], minutes: number][]): void {
  for (const [kind, minutes] of kinds) {
    vi.advanceTimersByTime(minutes * minuteMs);
    all.add(trouble({ kind }));
  }
}

test.each(['failed', 'crash', 'unhealthy', 'reload-failed'] as const)(
  '%s after a recovery that was mailed is mailed at once',
  (kind) => {
    const { folding: all, told } = folding();
    happen(all, [kind, 0], [kind, 1], ['recovered', 1], [kind, 1]);
    // What was held back comes before the recovery, which is the later word.
    expect(told).toEqual([`0 ${kind}`, `2 ${kind}`, '2 recovered', `3 ${kind}`]);
    all.close();
  },
);

test('a recovery ends no window of other children, nor of lines in a log', () => {
  const { folding: all, told } = folding();
  happen(all, ['fatal', 0], ['failed', 0]);
  all.add(trouble({ kind: 'recovered', child: 'bot' }));
  all.add(trouble({ kind: 'failed' }));
  all.add(trouble({ kind: 'recovered' }));
  all.add(trouble({ kind: 'fatal' }));
  expect(told).toEqual(['0 fatal', '0 failed', '0 recovered', '0 failed', '0 recovered']);
  all.close();
});

test('a recovery that is held back is never told after the trouble that followed it', () => {
  const { folding: all, told } = folding();
  happen(all, ['failed', 0], ['recovered', 0], ['failed', 1], ['recovered', 1], ['failed', 1]);
  vi.advanceTimersByTime(60 * minuteMs);
  all.close();
  expect(told).toEqual(['0 failed', '0 recovered', '1 failed', '11 failed']);
});

test('at the end of all, what is held back is told in the order in which it happened', () => {
  const { folding: all, told } = folding();
  happen(all, ['recovered', 0], ['failed', 1], ['failed', 1], ['recovered', 1]);
  all.close();
  expect(told).toEqual(['0 recovered', '1 failed', '3 failed', '3 recovered']);
});

test('a child that crashes and recovers without an end is mailed less and less often', () => {
  const { folding: all, told } = folding();
  const crashes = 2000;
  for (let count = 0; count < crashes; count++) happen(all, ['crash', 0.5], ['recovered', 0.5]);
  const inTheLast = told.filter((each) => Number(each.split(' ')[0]) > crashes - 800);
  expect(inTheLast.length).toBeLessThan(70);
  all.close();
});
