import { showBytes, showSeconds } from './quantity.ts';

/** What a line of progress tells. */
export interface Standing {
  /** Bytes that left so far. */
  sentBytes: number;
  /** Files that are stored, and those that failed. */
  stored: number;
  failed: number;
  /** Undefined until everything is counted. */
  total: { files: number; bytes: number } | undefined;
  bytesPerSecond: number;
}

/** One line of at most `columns` characters. The bar is what gives way where there is no room. */
export function progressLine(standing: Standing, columns: number): string {
  const { sentBytes, stored, failed, total, bytesPerSecond } = standing;
  const rate = `${showBytes(bytesPerSecond)}/s`;
  const failures = failed > 0 ? [`${failed} failed`] : [];
  if (total === undefined) {
    const files = stored > 0 ? [`${stored} files`] : [];
    return join([showBytes(sentBytes), rate, ...files, ...failures]).slice(0, columns);
  }
  const share = total.bytes === 0 ? 0 : Math.min(sentBytes / total.bytes, 1);
  // What has left may still be refused.
  const most = stored + failed < total.files ? 99 : 100;
  const percent = Math.min(Math.floor(share * 100), most);
  const secondsLeft = (total.bytes - sentBytes) / bytesPerSecond;
  const rest = join([
    `${showBytes(sentBytes)} of ${showBytes(total.bytes)}`,
    rate,
    ...(secondsLeft > 0 && secondsLeft < LONGEST_SECONDS ? [`${showSeconds(secondsLeft)} left`] : []),
    ...(total.files > 1 ? [`${stored} of ${total.files} files`] : []),
    ...failures,
  ]);
  const start = `${String(percent).padStart(3)} %`;
  const room = Math.min(columns - start.length - rest.length - '  []  '.length, WIDEST_BAR);
  const parts = room < NARROWEST_BAR ? [start, rest] : [start, bar(share, room), rest];
  return join(parts).slice(0, columns);
}

const join = (parts: string[]): string => parts.join('  ');

const bar = (share: number, width: number): string =>
  `[${'='.repeat(Math.floor(share * width)).padEnd(width)}]`;

const NARROWEST_BAR = 5;
const WIDEST_BAR = 40;

/** Longer than a day is no forecast. */
const LONGEST_SECONDS = 86_400;
