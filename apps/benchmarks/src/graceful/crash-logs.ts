import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import type { CrashOrder } from './crash.ts';
import { each } from '../harness/each.ts';

const names = ['ours', 'close-with-grace', 'process.exit'] as const satisfies CrashOrder['handler'][];
const lines = 2_000;
const limitMs = 20_000;

/** What is left in the file of what was logged before a crash, and of the crash. */
export async function measureCrashLogs({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  const rows: Row[] = [];
  for (const logger of ['pino', 'winston'] as const) {
    log(`graceful: ${rounds} crashes with ${logger}`);
    const kept = await interleave(
      each(names, (name) => () => crash(name, logger)),
      rounds,
      each(names, () => async () => {}), // Every crash is of a new process.
    );
    rows.push(
      medianRow(kept, {
        dimension: `${lines} lines and an uncaught exception at once, through ${logger} to a file: lines kept`,
        unit: 'lines',
        better: 'higher',
        against: 'process.exit',
        goalValue: lines + 1,
      }),
    );
  }
  return rows;
}

async function crash(handler: CrashOrder['handler'], logger: CrashOrder['logger']): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-crash-'));
  const file = join(directory, 'log');
  const order: CrashOrder = { handler, logger, file, lines };
  const child = fork(program, [JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  try {
    const code = await exitCodeOf(child);
    if (code !== 1) throw new Error(`The crash under ${handler} ended with ${code}, expected 1`);
    return keptIn(readFileSync(file, 'utf8'));
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

const program = fileURLToPath(new URL('crash.js', import.meta.url));

async function exitCodeOf(child: ChildProcess): Promise<number | string> {
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(timer);
  return code ?? signal ?? 'nothing';
}

/** Of the numbered lines, and the crash itself as one more: what else a library says about the end does not count. */
function keptIn(text: string): number {
  const numbers = new Set([...text.matchAll(/line (\d+)\./g)].map(([, number]) => number));
  return numbers.size + (text.includes('the fatal') ? 1 : 0);
}
