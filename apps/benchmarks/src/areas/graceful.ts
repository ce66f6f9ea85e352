import { drain, type Drain } from '../graceful/drain.ts';
import { interleave } from '../harness/interleave.ts';
import { type Area, medianRow, totalRow } from '../harness/row.ts';

const requests = 200;

/** SIGTERM with requests in flight on kept-alive connections. */
export const area: Area = async ({ quick, log }) => {
  const names = ['ours', 'http-terminator', 'stoppable', 'node:http close'] as const;
  const rounds = quick ? 1 : 15; // Node's own close waits 6 s a round.
  log(`graceful: ${rounds} drains each`);
  const candidates = Object.fromEntries(names.map((name) => [name, () => drain(name, requests)]));
  const drains = await interleave(candidates as Record<(typeof names)[number], () => Promise<Drain>>, rounds);
  const each = <T>(of: (results: Drain[]) => T): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, of(drains[name])]));
  return [
    medianRow(
      each((results) => results.map(({ exitMs }) => exitMs)),
      {
        dimension: `from the last of ${requests} answers in flight to the end of the process`,
        unit: 'ms',
        better: 'lower',
        against: 'http-terminator',
        goalRatio: 1,
      },
    ),
    totalRow(
      each((results) => results.reduce((total, { lost }) => total + lost, 0)),
      {
        dimension: 'of those requests, lost',
        unit: 'requests',
        better: 'lower',
        against: 'node:http close',
        n: requests * rounds,
        goalTotal: 0,
      },
    ),
  ];
};
