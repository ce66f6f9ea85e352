import type { AlertEvent, AlertKind } from '../events.ts';

type AlertFacts = Omit<AlertEvent, 'subject' | 'text'>;

/** One line. */
export function alertSubject({ host, kind, child, reason, count }: AlertFacts): string {
  const who = child === undefined ? 'the supervisor' : child;
  const often = count === 1 ? '' : ` (${count} times)`;
  const [line = ''] = `[${host}] ${who} ${whatHappened[kind]}${often}: ${reason}`.split('\n', 1);
  return line.length > MAX_SUBJECT_LENGTH ? `${line.slice(0, MAX_SUBJECT_LENGTH - 1)}…` : line;
}

// Some mail programs cut what is longer, and headers have a limit of 998.
const MAX_SUBJECT_LENGTH = 200;

const whatHappened: Readonly<Record<AlertKind, string>> = {
  crash: 'crashed',
  failed: 'failed and is not started again',
  unhealthy: 'was unhealthy and is replaced',
  blocked: 'was blocked and is replaced',
  memory: 'took too much memory and is replaced',
  'reload-failed': 'was not reloaded',
  recovered: 'has recovered',
};

/** All that is known, as plain text. */
export function alertText(facts: AlertFacts): string {
  const { host, kind, child, pid, exitCode, signal, reason, restarts, count, firstAt, lastAt, lastLines } =
    facts;
  const rows: [string, string | number | null | undefined][] = [
    ['child', child],
    ['what', whatHappened[kind]],
    ['reason', reason],
    ['host', host],
    ['process', pid],
    ['exit code', exitCode],
    ['signal', signal],
    ['restarts so far', restarts],
    ['when', count === 1 ? lastAt.toISOString() : undefined],
    ['times', count === 1 ? undefined : `${count}, from ${firstAt.toISOString()} to ${lastAt.toISOString()}`],
  ];
  const known = rows.filter(([, value]) => value !== undefined && value !== null);
  const table = known.map(([name, value]) => `${`${name}:`.padEnd(17)}${value}\n`).join('');
  if (lastLines.length === 0) return table;
  return `${table}\nlast lines:\n${lastLines.map((line) => `  ${line}\n`).join('')}`;
}
