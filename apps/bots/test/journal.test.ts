import { expect, test } from 'vitest';
import { ServiceTrouble, ViolatedCheck } from '../src/errors.ts';
import { Journal } from '../src/journal.ts';

function listen(): { journal: Journal; out: string[]; err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  const sinkOf = (lines: string[]) => ({ write: (text: string) => lines.push(text) });
  return { journal: new Journal('Cosbybot', sinkOf(out), sinkOf(err)), out, err };
}

test('trouble is told once for each change of the condition', () => {
  const { journal, out, err } = listen();
  const refused = new ServiceTrouble('connection refused', { request: 'GET /me' });
  const down = new ServiceTrouble('503 database-unavailable', { request: 'GET /me → 503' });
  journal.fine();
  for (const trouble of [refused, refused, down, down]) journal.trouble(trouble);
  journal.fine();
  journal.fine();
  journal.trouble(refused);
  expect(out).toEqual([]);
  expect(err).toEqual([
    'Cosbybot  WARN  the service is in trouble, trying again each scan: GET /me: connection refused\n',
    'Cosbybot  WARN  the service is in trouble, trying again each scan: GET /me → 503: 503 database-unavailable\n',
    'Cosbybot  WARN  the service answers again after: 503 database-unavailable\n',
    'Cosbybot  WARN  the service is in trouble, trying again each scan: GET /me: connection refused\n',
  ]);
});

test('a fatal line names bot, operation, request and causes, all on one line', () => {
  const { journal, err } = listen();
  const cause = new Error('first line\n  second line');
  journal.fatal(
    'guess',
    new ViolatedCheck('photo-unreadable', 'Expected a photo', { request: 'GET /photo → 200', cause }),
  );
  journal.fatal('submit', new TypeError('a bug'));
  expect(err[0]).toBe(
    'Cosbybot  FATAL  guess: GET /photo → 200: Expected a photo (photo-unreadable); because: first line second line\n',
  );
  expect(err[1]).toMatch(/^Cosbybot {2}FATAL {2}submit: a bug at .*journal\.test\.ts.*\n$/);
});

test('a hint is given once, until something happens', () => {
  const { journal, out } = listen();
  journal.hint('waits');
  journal.hint('waits');
  journal.say('moves');
  journal.hint('waits');
  expect(out).toEqual(['Cosbybot  waits\n', 'Cosbybot  moves\n', 'Cosbybot  waits\n']);
});

test('what others wrote can neither break a line nor speak to the terminal', () => {
  const { journal, out } = listen();
  journal.say('guesses "a\nUrkelbot  FATAL\u001B[2J"');
  expect(out).toEqual(['Cosbybot  guesses "a Urkelbot  FATAL [2J"\n']);
});
