import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processesMarked, waitUntil } from '@silly-face/testing';
import { each, sum } from '../harness/each.ts';
import { type Context, type Row, totalRow } from '../harness/row.ts';
import type { Candidate } from './candidates/candidate.ts';
import { forever, respawn } from './candidates/others.ts';
import { childOptions, ours } from './candidates/ours.ts';
import { pm2 } from './candidates/pm2.ts';
import { end } from './end.ts';
import { type Kind, kinds, marked } from './kinds.ts';
import type { Program } from './program.ts';

const candidates = {
  ours: (programs) => ours({ children: programs.map((program) => childOptions(program)) }),
  'ours with namespace': (programs) => {
    return ours({ children: programs.map((program) => ({ ...childOptions(program), namespace: true })) });
  },
  'pm2 7': (programs) => pm2(programs),
  'forever-monitor 3': (programs) => forever(programs),
  'bare respawn': (programs) => respawn(programs),
} satisfies Record<string, (programs: Program[]) => Candidate | Promise<Candidate>>;

type Name = keyof typeof candidates;
const names = Object.keys(candidates) as Name[];
/** Its Node.js children notice within a second. */
const later = 'pm2 7, 2 s later';
const columns = [...names, later] as const;

/** How many each supervisor has of a kind. */
const existing: Record<Kind, number> = {
  child: 1,
  'blocked child': 1,
  'child that is not Node.js': 1,
  grandchild: 2,
  'grandchild in a session of its own': 2,
};

/** The supervisor is killed with SIGKILL: who is left 100 ms later? */
export async function measureOrphans({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  log(`supervisor: ${rounds} deaths of each supervisor by SIGKILL`);
  const left = each(columns, () => each(kinds, () => [] as number[]));
  for (let round = 0; round < rounds; round++) {
    for (const column of columns) {
      const survivors =
        column === later ? await killSupervisor('pm2 7', 2_000) : await killSupervisor(column, 100);
      for (const kind of kinds) left[column][kind].push(survivors[kind]);
    }
  }
  return kinds.map((kind) =>
    totalRow(
      each(columns, (column) => sum(left[column][kind])),
      {
        dimension: `100 ms after the supervisor's SIGKILL, alive: ${kind}`,
        unit: 'processes',
        better: 'lower',
        against: 'bare respawn',
        n: existing[kind] * rounds,
        goalTotal: 0,
      },
    ),
  );
}

async function killSupervisor(name: Name, afterMs: number): Promise<Record<Kind, number>> {
  const mark = `bench-${randomUUID()}`;
  const alive = (kind: Kind): number[] => processesMarked(marked(mark, kind));
  let candidate: Candidate | undefined;
  try {
    candidate = await candidates[name](programsOf(mark));
    // More where another program stands between it and the supervisor, as that of a namespace does.
    await waitUntil(() => kinds.every((kind) => alive(kind).length >= existing[kind]), {
      what: `${name} to have all of its family`,
    });
    process.kill(candidate.pid, 'SIGKILL');
    await sleep(afterMs);
    return each(kinds, (kind) => alive(kind).length);
  } finally {
    for (const pid of kinds.flatMap(alive)) end(pid);
    await candidate?.stop();
  }
}

function programsOf(mark: string): Program[] {
  const restarts = false;
  const env = (kind: Kind): Record<string, string> => ({ MARK: mark, MARKED: marked(mark, kind) });
  return [
    { name: 'child', run: { script: tree }, env: env('child'), restarts },
    { name: 'blocked', run: { script: tree }, env: { ...env('blocked child'), BLOCKED: '1' }, restarts },
    { name: 'other', run: { command: [sleepPath, '600'] }, env: env('child that is not Node.js'), restarts },
  ];
}

const tree = fileURLToPath(new URL('tree.js', import.meta.url));
/** pm2 takes a path for a script of the working directory, else. */
const sleepPath = '/bin/sleep';
