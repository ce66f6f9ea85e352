import type { BlockedFrame } from '@silly-face/supervisor';
import { freePort } from '@silly-face/testing';
import { each } from '../harness/each.ts';
import { type Context, medianRow, type Row, totalRow } from '../harness/row.ts';
import type { Candidate } from './candidates/candidate.ts';
import { forever, respawn } from './candidates/others.ts';
import { heldWeb, ours } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { serving } from './crash.ts';
import { end } from './end.ts';
import { Probes } from './probes.ts';
import { appScript, type Program, webApplication } from './program.ts';

const heartbeatTimeoutMs = 500;

interface Watching extends Candidate {
  /** How many of its reports name the function and the file that blocked. */
  named(): number;
}

const candidates = {
  ours: async (program) => {
    const { blocked, ...candidate } = await ours(heldWeb(program, { heartbeatTimeoutMs }));
    const isCulprit = ({ functionName, file }: BlockedFrame): boolean =>
      functionName === 'blockForEver' && file === appScript;
    return { ...candidate, named: () => blocked.filter(({ frames }) => frames.some(isCulprit)).length };
  },
  'pm2 7': async (program) => silent(await pm2([program])),
  'forever-monitor 3': async (program) => silent(forever([program])),
  'bare respawn': async (program) => silent(respawn([program])),
} satisfies Record<string, (program: Program) => Promise<Watching>>;

function silent(candidate: Candidate): Watching {
  return { ...candidate, named: () => 0 };
}

type Name = keyof typeof candidates;
const names = Object.keys(candidates) as Name[];

interface Blocks {
  /** From the request that blocks to the first answer of another process, or the limit. */
  recoveriesMs: number[];
  named: number;
}

/** A request makes the application's event loop stand still for ever. */
export async function measureBlocked({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 2 : 10;
  const limitMs = quick ? 1_200 : 5_000;
  log(`supervisor: ${rounds} blocked event loops`);
  const blocks = new Map<Name, Blocks>();
  for (const name of names) blocks.set(name, await block(name, name === 'ours' ? rounds : 1, limitMs));
  const of = <T>(value: (blocks: Blocks) => T): Record<Name, T> =>
    each(names, (name) => value(blocks.get(name) as Blocks));
  return [
    medianRow(
      of(({ recoveriesMs }) => recoveriesMs),
      {
        dimension: `blocked event loop to serving again, heartbeatTimeoutMs: ${heartbeatTimeoutMs} (${limitMs}: not within ${limitMs} ms, nor later)`,
        unit: 'ms',
        better: 'lower',
        against: 'pm2 7',
        goalValue: 1_000,
      },
    ),
    totalRow(
      of(({ named }) => named),
      {
        dimension:
          'of those, reported with the function and the file that blocked (each rival was blocked once)',
        unit: 'reports',
        better: 'higher',
        against: 'pm2 7',
        n: rounds,
        goalTotal: rounds,
      },
    ),
  ];
}

async function block(name: Name, rounds: number, limitMs: number): Promise<Blocks> {
  const port = await freePort();
  const candidate = await candidates[name](webApplication(port));
  const recoveriesMs: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const victim = await serving(port);
      recoveriesMs.push(await recovery(port, victim, limitMs));
    }
    return { recoveriesMs, named: candidate.named() };
  } finally {
    await candidate.stop();
  }
}

async function recovery(port: number, victim: number, limitMs: number): Promise<number> {
  const probes = new Probes(port, { victim, timeoutMs: limitMs });
  probes.send('/block');
  const answered = await probes.untilAnswered(limitMs);
  // Mostly nobody else ends it.
  if (!answered) end(victim);
  await Promise.all(probes.verdicts);
  return answered ? (probes.answeredMs ?? limitMs) : limitMs;
}
