import { readFileSync } from 'node:fs';
import { each } from '../harness/each.ts';
import { type Context, type Row, totalRow } from '../harness/row.ts';
import { forever, respawn } from './candidates/others.ts';
import { logged } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { streamedLineBytes } from './log-order.ts';
import { runWriter } from './log-run.ts';

const candidates = {
  ours: (program) => logged(program),
  'pm2 7': (program) => pm2([program]),
  'forever-monitor 3': (program) => forever([program]),
  'plain pipe': (program) => respawn([program]),
} satisfies Record<string, Parameters<typeof runWriter>[0]>;

const names = Object.keys(candidates) as (keyof typeof candidates)[];

/** Characters of several bytes arrive in pieces. */
export async function measureLogText({ quick, log }: Context): Promise<Row[]> {
  const bytes = quick ? 2e6 : 20e6;
  log(`supervisor: ${bytes / 1e6} MB of multi-byte text`);
  const broken = each(names, () => 0);
  for (const name of names) {
    await runWriter(
      candidates[name],
      { kind: 'stream of multi-byte text', lines: bytes / streamedLineBytes },
      (logFile) => void (broken[name] = brokenIn(readFileSync(logFile))),
    );
  }
  return [
    totalRow(broken, {
      dimension: `${bytes / 1e6} MB of multi-byte text to a file: broken characters (U+FFFD)`,
      unit: 'characters',
      better: 'lower',
      against: 'pm2 7',
      n: bytes,
      goalTotal: 0,
    }),
  ];
}

/** The writer writes none. */
function brokenIn(log: Buffer): number {
  let count = 0;
  for (let at = log.indexOf(REPLACEMENT); at !== -1; at = log.indexOf(REPLACEMENT, at + 1)) count += 1;
  return count;
}

const REPLACEMENT = '\uFFFD';
