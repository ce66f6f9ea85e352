import { readFileSync } from 'node:fs';
import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { forever, respawn } from './candidates/others.ts';
import { logged } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { runWriter } from './log-run.ts';

const candidates = {
  ours: (program) => logged(program),
  'pm2 7 fork': (program) => pm2([program]),
  'pm2 7 cluster': (program) => pm2([program], { exec_mode: 'cluster', instances: 1 }),
  'forever-monitor 3': (program) => forever([program]),
  'plain pipe': (program) => respawn([program]),
} satisfies Record<string, Parameters<typeof runWriter>[0]>;

const names = Object.keys(candidates) as (keyof typeof candidates)[];
const lines = 200_000;

/** What is left of the lines that were printed right before an exit. */
export async function measureLogBurst({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  log(`supervisor: ${rounds} bursts of ${lines} lines and an exit`);
  const kept = await interleave(
    each(names, (name) => () => burst(name)),
    rounds,
    each(names, () => async () => {}), // Every burst is under a new supervisor.
  );
  return [
    medianRow(kept, {
      dimension: `${lines} lines by console.log and process.exit(1) at once: lines kept in the log`,
      unit: 'lines',
      better: 'higher',
      against: 'pm2 7 fork',
      goalValue: lines,
    }),
  ];
}

async function burst(name: (typeof names)[number]): Promise<number> {
  let kept = 0;
  await runWriter(candidates[name], { kind: 'burst', lines }, (logFile) => {
    const numbers = readFileSync(logFile, 'utf8').matchAll(/^line (\d{8}) of a burst$/gm);
    kept = new Set([...numbers].map(([, number]) => number)).size;
  });
  return kept;
}
