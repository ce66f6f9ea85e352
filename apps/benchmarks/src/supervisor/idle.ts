import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendants, waitUntil } from '@silly-face/testing';
import { each } from '../harness/each.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { type Candidate, spawned } from './candidates/candidate.ts';
import { forever, respawn } from './candidates/others.ts';
import { childOptions } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { residentMiB } from './memory.ts';
import type { Program } from './program.ts';

const candidates = {
  ours: onCommandLine,
  'bare node': () => spawned(process.execPath, [script]),
  'bare respawn': (program) => respawn([program]),
  'forever-monitor 3': (program) => forever([program]),
  'pm2 7': (program) => pm2([program]),
} satisfies Record<string, (program: Program) => Candidate | Promise<Candidate>>;

type Name = keyof typeof candidates;
const names = Object.keys(candidates) as Name[];
const script = fileURLToPath(new URL('idle-child.js', import.meta.url));

/** What a supervisor holds while nothing happens. */
export async function measureIdle({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  const idleMs = quick ? 1_000 : 10_000;
  log(`supervisor: ${rounds} × ${idleMs} ms of idleness`);
  const memory = each(names, () => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    const taken = await idleTogether(idleMs);
    for (const name of names) memory[name].push(taken[name]);
  }
  return [
    medianRow(memory, {
      dimension: `resident memory of the supervisor and its helpers, one child idle for ${idleMs / 1_000} s`,
      unit: 'MiB',
      better: 'lower',
      against: 'bare node',
      goalRatio: 1.15,
    }),
  ];
}

async function idleTogether(idleMs: number): Promise<Record<Name, number>> {
  const running = new Map<Name, Candidate>();
  try {
    for (const name of names) {
      const program = { name: 'idle', run: { script }, restarts: true };
      running.set(name, await candidates[name](program));
    }
    await sleep(idleMs);
    return each(names, (name) => takenBy(running.get(name) as Candidate));
  } finally {
    for (const candidate of running.values()) await candidate.stop();
  }
}

/** Of the process itself and those that it has started beside the child. */
function takenBy({ pid }: Candidate): number {
  const helpers = descendants(pid).filter((descendant) => !commandLineOf(descendant).includes(script));
  return [pid, ...helpers].reduce((sum, one) => sum + residentMiB(one, 'now'), 0);
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It is gone: one of those that a supervisor only tries out.
  }
}

/** As people run it, with a configuration file. */
async function onCommandLine(program: Program): Promise<Candidate> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-idle-'));
  const config = join(directory, 'supervisor.config.json');
  writeFileSync(config, JSON.stringify({ children: [childOptions(program)] }));
  const candidate = spawned(process.execPath, [commandLineProgram, 'start', config]);
  const stop = async (): Promise<void> => {
    await candidate.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const hasChild = (): boolean =>
      descendants(candidate.pid).some((pid) => commandLineOf(pid).includes(script));
    await waitUntil(hasChild, { what: 'our supervisor to have its child' });
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: candidate.pid, stop };
}

const commandLineProgram = fileURLToPath(
  new URL('dist/cli/main.js', import.meta.resolve('@silly-face/supervisor/package.json')),
);
