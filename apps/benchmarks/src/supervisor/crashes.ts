import { freePort, waitUntil } from '@silly-face/testing';
import { sum } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row, totalRow } from '../harness/row.ts';
import { bareStart } from './bare-start.ts';
import type { Candidate } from './candidates/candidate.ts';
import { forever, respawn } from './candidates/others.ts';
import { heldWeb, ours } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { bringServiceFolders, serviceFolder } from './candidates/service-folder.ts';
import { type Crash, crash, type HowToCrash, requestsPerCrash, serving } from './crash.ts';
import { type Program, webApplication } from './program.ts';

interface Experiment {
  how: HowToCrash;
  /** How long the application takes to start, beside Node itself. */
  startMs?: number;
  /** The goal with a spare. */
  spareMs: number;
}

interface Crashing extends Candidate {
  /** Resolves when it has recovered from the last crash in every respect. */
  recovered?(): Promise<void>;
}

type Start = (program: Program) => Crashing | Promise<Crashing>;
type Crashes = Record<string, Crash[]>;

const floor = 'bare node start';
const withSpare = 'ours with a spare';

/** The application is crashed again and again under each supervisor, while a request is sent every 2 ms. */
export async function measureCrashes(experiment: Experiment, { quick, log }: Context): Promise<Row[]> {
  const { how, startMs } = experiment;
  const env: Record<string, string> = startMs === undefined ? {} : { START_MS: String(startMs) };
  const rounds = quick ? 1 : 12;
  const candidates: Candidate[] = [];
  try {
    const measures: Record<string, () => Promise<Crash>> = {
      [floor]: async () => ({ recoveryMs: await bareStart(env), lost: 0 }),
    };
    for (const [name, start] of Object.entries(await supervisors(log))) {
      const port = await freePort();
      const candidate = await start(webApplication(port, env));
      candidates.push(candidate);
      await serving(port);
      measures[name] = async () => {
        await candidate.recovered?.();
        const result = await crash(port, how);
        await serving(port);
        return result;
      };
    }
    log(`supervisor: ${rounds} crashes each by ${how}${startMs ? `, ${startMs} ms to start` : ''}`);
    const warmUp = quick ? each(measures, () => async () => {}) : measures;
    return rows(experiment, await interleave(measures, rounds, warmUp));
  } finally {
    for (const candidate of candidates) await candidate.stop();
  }
}

async function supervisors(log: Context['log']): Promise<Record<string, Start>> {
  const missing = await bringServiceFolders();
  if (missing !== undefined) log(`supervisor: without runit and s6: ${missing}`);
  return {
    ours: (program) => ours(heldWeb(program)),
    [withSpare]: oursWithSpare,
    'bare respawn': (program) => respawn([program]),
    'forever-monitor 3': (program) => forever([program]),
    'pm2 7 fork': (program) => pm2([program]),
    'pm2 7 cluster': (program) => pm2([program], { exec_mode: 'cluster', instances: 1 }),
    ...(missing === undefined && {
      runit: (program: Program) => serviceFolder('runit', program),
      s6: (program: Program) => serviceFolder('s6', program),
    }),
  };
}

async function oursWithSpare(program: Program): Promise<Crashing> {
  const supervisor = await ours(heldWeb(program, { spare: true }));
  const hasSpare = async (): Promise<boolean> => (await supervisor.status()).every(({ spare }) => spare);
  const recovered = async (): Promise<void> => void (await waitUntil(hasSpare, { what: 'a spare' }));
  return { ...supervisor, recovered };
}

function rows({ how, startMs, spareMs }: Experiment, crashes: Crashes): Row[] {
  const what = `${how} of an application${startMs ? ` that takes ${startMs} ms to start` : ''}`;
  const time = { unit: 'ms', better: 'lower' } as const;
  const recoveries = each(crashes, (results) => results.map(({ recoveryMs }) => recoveryMs));
  const { ours: without = [], [withSpare]: spare = [], ...others } = recoveries;
  return [
    medianRow(
      { ours: without, ...others },
      {
        dimension: `${what} to serving again, without a spare`,
        ...time,
        against: floor,
        goalRatio: 1.1,
      },
    ),
    medianRow(
      { ours: spare, ...others },
      {
        dimension: `${what} to serving again, with a spare`,
        ...time,
        against: 'bare respawn',
        goalValue: spareMs,
      },
    ),
    ...lostRows(what, crashes),
  ];
}

function lostRows(what: string, crashes: Crashes): Row[] {
  const lost = each(crashes, (results) => sum(results.map(({ lost }) => lost)));
  const { [floor]: _, ours: without = NaN, [withSpare]: spare = NaN, ...others } = lost;
  return Object.entries({ without, with: spare }).map(([word, ours]) =>
    totalRow(
      { ours, ...others },
      {
        dimension: `${what}, ${word} a spare: refused, reset or without an answer for 3 s, of one request every 2 ms for 0.6 s`,
        unit: 'requests',
        better: 'lower',
        against: 'bare respawn',
        n: requestsPerCrash * (crashes['ours']?.length ?? 0),
        goalTotal: 0,
      },
    ),
  );
}

function each<T, R>(named: Record<string, T>, of: (one: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(named).map(([name, one]) => [name, of(one)]));
}
