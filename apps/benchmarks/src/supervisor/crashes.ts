import { freePort } from '@silly-face/testing';
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
}

type Start = (program: Program) => Candidate | Promise<Candidate>;
type Crashes = Record<string, Crash[]>;

const floor = 'bare node start';

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
      candidates.push(await start(webApplication(port, env)));
      await serving(port);
      measures[name] = async () => {
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

function rows({ how, startMs }: Experiment, crashes: Crashes): Row[] {
  const what = `${how} of an application${startMs ? ` that takes ${startMs} ms to start` : ''}, without a spare`;
  const { [floor]: _, ...supervised } = crashes;
  return [
    medianRow(
      each(crashes, (results) => results.map(({ recoveryMs }) => recoveryMs)),
      {
        dimension: `${what}: to serving again`,
        unit: 'ms',
        better: 'lower',
        against: floor,
        goalRatio: 1.1,
      },
    ),
    totalRow(
      each(supervised, (results) => sum(results.map(({ lost }) => lost))),
      {
        dimension: `${what}: refused, reset or without an answer for 3 s, of one request every 2 ms for 0.6 s`,
        unit: 'requests',
        better: 'lower',
        against: 'bare respawn',
        n: requestsPerCrash * (crashes['ours']?.length ?? 0),
        goalTotal: 0,
      },
    ),
  ];
}

function each<T, R>(named: Record<string, T>, of: (one: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(named).map(([name, one]) => [name, of(one)]));
}
