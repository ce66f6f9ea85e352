import { hostname } from 'node:os';
import type { Trouble, TroubleKind } from './trouble.ts';

/** A mail but for who sends it to whom. */
export interface Letter {
  readonly subject: string;
  readonly text: string;
}

export function letterAbout(trouble: Trouble): Letter {
  return { subject: subjectOf(trouble), text: textOf(trouble) };
}

function subjectOf({ kind, child, reason, count }: Trouble): string {
  const often = count === 1 ? '' : ` (${count} times)`;
  const [line = ''] = `[${hostname()}] ${nameOf(child)} ${kinds[kind].what}${often}: ${reason}`.split(
    '\n',
    1,
  );
  return line.length > MAX_SUBJECT_LENGTH ? `${line.slice(0, MAX_SUBJECT_LENGTH - 1)}…` : line;
}

// Some mail programs cut what is longer.
const MAX_SUBJECT_LENGTH = 200;

function textOf(trouble: Trouble): string {
  const { kind, child, pid, exitCode, signal, reason, restarts, count, firstAt, lastAt, lastLines } = trouble;
  const rows: [string, string | number | null | undefined][] = [
    ['what', `${nameOf(child)} ${kinds[kind].what}`],
    ['reason', reason],
    ['host', hostname()],
    ['process', pid],
    ['exit code', exitCode],
    ['signal', signal],
    ['restarts so far', restarts],
    ['when', count === 1 ? lastAt.toISOString() : undefined],
    ['times', count === 1 ? undefined : `${count}, from ${firstAt.toISOString()} to ${lastAt.toISOString()}`],
    ['next', kinds[kind].next],
  ];
  const known = rows.filter(([, value]) => value !== undefined && value !== null);
  const table = known.map(([name, value]) => `${`${name}:`.padEnd(17)}${value}\n`).join('');
  const heading = count === 1 ? 'last lines' : 'last lines of the last time';
  if (lastLines.length === 0) return table;
  return `${table}\n${heading}:\n${lastLines.map((line) => `  ${line}\n`).join('')}`;
}

function nameOf(child: string | undefined): string {
  return child ?? 'the backend';
}

const kinds: Readonly<Record<TroubleKind, { what: string; next: string }>> = {
  crash: {
    what: 'crashed',
    next: 'it is started again; a child that crashes too often is given up, of which another mail tells',
  },
  failed: {
    what: 'was given up',
    next: 'it is not started again by itself: mend the cause, then deploy',
  },
  'start-failed': {
    what: 'did not start',
    next: 'nothing runs: mend the cause; systemd or Kubernetes starts it again, elsewhere do so yourself',
  },
  unhealthy: { what: 'was unhealthy', next: 'its process is replaced' },
  blocked: { what: 'was blocked', next: 'its process is replaced' },
  memory: { what: 'took too much memory', next: 'its process is replaced' },
  'reload-failed': {
    what: 'was not deployed',
    next: 'what served before goes on, and after a crash starts from the files that it finds: put the old release back, or deploy a better one',
  },
  recovered: { what: 'has recovered', next: 'nothing is left to do for now' },
  fatal: { what: 'logged a fatal line', next: 'it goes on; when it ends, another mail tells' },
  stderr: { what: 'wrote to its standard error', next: 'it goes on; when it ends, another mail tells' },
};
