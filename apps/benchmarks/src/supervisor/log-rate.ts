import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { forever, respawn } from './candidates/others.ts';
import { logged } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { streamedLineBytes } from './log-order.ts';
import { type LogRun, runWriter } from './log-run.ts';

const candidates = {
  ours: (program) => logged(program),
  'ours as JSON': (program) => logged(program, 'json'),
  'pm2 7': (program) => pm2([program]),
  'pm2 7 json': (program) => pm2([program], { log_type: 'json' }),
  'forever-monitor 3': (program) => forever([program]),
  'plain pipe': (program) => respawn([program]),
  'file descriptor': (program) => respawn([program], 'descriptor'),
} satisfies Record<string, Parameters<typeof runWriter>[0]>;

type Name = keyof typeof candidates;
const names = Object.keys(candidates) as Name[];

/** How fast a log gets from the child to the file, and what the supervisor needs for it. */
export async function measureLogRate({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 3;
  const megabytes = quick ? 20 : 200;
  log(`supervisor: ${rounds} × ${megabytes} MB of lines`);
  const run = (name: Name, bytes: number): Promise<LogRun> =>
    runWriter(candidates[name], { kind: 'stream', lines: bytes / streamedLineBytes });
  const runs = await interleave(
    each(names, (name) => () => run(name, megabytes * 1e6)),
    rounds,
    each(names, (name) => () => run(name, 2e6)),
  );
  const what = `${megabytes} MB of lines of ${streamedLineBytes} bytes, 200 a write, to a file`;
  const rates = each(names, (name) =>
    runs[name].map(({ seconds }) => (seconds === null ? 0 : megabytes / seconds)),
  );
  const peaks = each(names, (name) => runs[name].map(({ peakMiB }) => peakMiB));
  const { ours, 'ours as JSON': structured, ...rivals } = rates;
  const { ours: _raw, 'ours as JSON': _json, ...others } = peaks;
  const rate = { unit: 'MB/s', better: 'higher', against: 'pm2 7' } as const;
  return [
    medianRow({ ours, ...rivals }, { dimension: `${what}, as they are`, ...rate, goalRatio: 1.8 }),
    medianRow(
      { ours: structured, ...rivals },
      { dimension: `${what}, ours as JSON`, ...rate, goalRatio: 1.2 },
    ),
    medianRow(
      { ours: peaks['ours as JSON'], 'ours as they are': peaks.ours, ...others },
      {
        dimension: `${what}, ours as JSON: peak resident memory of the supervisor`,
        unit: 'MiB',
        better: 'lower',
        against: 'pm2 7',
        goalValue: 60,
      },
    ),
  ];
}
