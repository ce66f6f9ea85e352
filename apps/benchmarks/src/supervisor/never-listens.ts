import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@silly-face/testing';
import { each, sum } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, type Row, totalRow } from '../harness/row.ts';
import type { Candidate } from './candidates/candidate.ts';
import { heldWeb, ours } from './candidates/ours.ts';
import { pm2, type Pm2Options } from './candidates/pm2.ts';
import { serving } from './crash.ts';
import { lostOf, Probes } from './probes.ts';
import { type Program, webApplication } from './program.ts';

const names = ['ours', 'pm2 7 cluster', 'pm2 7 fork'] as const;
type Name = (typeof names)[number];

/** So long a new process may take to listen. */
const readyTimeoutMs = 1_000;
interface Deploy {
  lost: number;
  reportedFailure: boolean;
}

/** A deploy of a release that starts and never listens. */
export async function measureNeverListens({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 3;
  // One every 2 ms from the reload on: the deploy and some seconds after it.
  const requests = quick ? 800 : 2_500;
  log(`supervisor: ${rounds} deploys of a release that never listens`);
  const deploys = await interleave(
    each(names, (name) => () => deploy(name, requests)),
    rounds,
    each(names, () => async () => {}), // Every deploy is by a new supervisor.
  );
  return [
    totalRow(
      each(names, (name) => sum(deploys[name].map(({ lost }) => lost))),
      {
        dimension: 'a release that never listens: requests lost, of one every 2 ms from the reload on',
        unit: 'requests',
        better: 'lower',
        against: 'pm2 7 cluster',
        n: requests * rounds,
        goalTotal: 0,
      },
    ),
    totalRow(
      each(names, (name) => deploys[name].filter(({ reportedFailure }) => reportedFailure).length),
      {
        dimension: 'a release that never listens: reloads that said so (an error, a non-zero exit code)',
        unit: 'reloads',
        better: 'higher',
        against: 'pm2 7 cluster',
        n: rounds,
        goalTotal: rounds,
      },
    ),
  ];
}

async function deploy(name: Name, requests: number): Promise<Deploy> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-release-'));
  const releaseFile = join(directory, 'release');
  const release = (what: 'good' | 'broken'): void => writeFileSync(releaseFile, what);
  let candidate: (Candidate & { reload(): Promise<unknown> }) | undefined;
  try {
    release('good');
    const port = await freePort();
    candidate = await start(name, webApplication(port, { RELEASE_FILE: releaseFile }));
    await serving(port);
    release('broken');
    const reloading = candidate.reload();
    const probes = new Probes(port);
    await probes.sendMany(requests);
    const lost = await lostOf(probes.verdicts);
    // The code of an error or of an exit.
    return { lost, reportedFailure: Boolean(await reloading) };
  } finally {
    await candidate?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function start(name: Name, program: Program): Promise<Candidate & { reload(): Promise<unknown> }> {
  if (name === 'ours') return ours(heldWeb(program, { readyTimeoutMs }));
  const options: Pm2Options = { wait_ready: true, listen_timeout: readyTimeoutMs };
  return pm2(
    [program],
    name === 'pm2 7 cluster' ? { ...options, exec_mode: 'cluster', instances: 2 } : options,
  );
}
