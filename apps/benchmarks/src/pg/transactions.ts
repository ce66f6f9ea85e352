import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import type { Order, Taken } from './candidate.ts';
import { type CandidateName, candidates } from './candidates.ts';

const connections = 10;
const workers = 200;
const against = 'pg, by hand';

/** How many transactions make a round, by how far away the server is, and what we want to be faster by. */
const distances = [
  { roundTripMs: 0, count: 4_000, quickCount: 1_000, goalRatio: 1.1 },
  { roundTripMs: 1, count: 2_000, quickCount: 400, goalRatio: 1.6 },
  { roundTripMs: 5, count: 1_000, quickCount: 200, goalRatio: 1.85 },
];

type Distance = (typeof distances)[number];
type Samples<T> = Record<CandidateName, T[]>;

/** BEGIN, two inserts, COMMIT, by many workers on few connections, near the server and far away from it. */
export async function measureTransactions(context: Context, connectionString: string): Promise<Row[]> {
  const admin = new Client({ connectionString });
  await admin.connect();
  try {
    await admin.query('create unlogged table bench (worker int, step int)');
    const rows: Row[] = [];
    for (const distance of distances)
      rows.push(...(await measure(context, connectionString, distance, admin)));
    return rows;
  } finally {
    await admin.end();
  }
}

async function measure(
  { quick, log }: Context,
  connectionString: string,
  { roundTripMs, count, quickCount, goalRatio }: Distance,
  admin: Client,
): Promise<Row[]> {
  const farAway = roundTripMs > 0 ? await startFarAway(connectionString, roundTripMs) : undefined;
  const perRound = quick ? quickCount : count;
  const rounds = quick ? 1 : 9;
  const where = roundTripMs > 0 ? `at ${roundTripMs} ms of latency` : 'over local TCP';
  log(
    `pg: ${rounds} rounds of ${perRound} transactions each, ${workers} workers on ${connections} connections ${where}`,
  );
  const processes = await startCandidates(farAway?.connectionString ?? connectionString);
  try {
    const round = async (child: ChildProcess): Promise<Taken> => {
      await admin.query('truncate bench');
      child.send({ transactions: perRound, workers } satisfies Order);
      const [taken] = (await once(child, 'message')) as [Taken];
      return taken;
    };
    const tasks = Object.entries(processes).map(([name, child]) => [name, () => round(child)] as const);
    const taken = await interleave(Object.fromEntries(tasks), rounds);
    const each = (of: (sample: Taken) => number): Samples<number> =>
      Object.fromEntries(
        Object.entries(taken).map(([name, samples]) => [name, samples.map(of)]),
      ) as Samples<number>;
    return toRows(each, perRound, where, farAway ? undefined : 1.1, goalRatio);
  } finally {
    for (const child of Object.values(processes)) {
      child.disconnect();
      await once(child, 'exit');
    }
    await farAway?.stop();
  }
}

function toRows(
  each: (of: (sample: Taken) => number) => Samples<number>,
  perRound: number,
  where: string,
  cpuGoalRatio: number | undefined,
  goalRatio: number,
): Row[] {
  const what = `BEGIN, two inserts, COMMIT ${where}`;
  const {
    'ours, a batch': batch,
    'ours, a batch in a block': inBlock,
    ...rates
  } = each(({ seconds }) => perRound / seconds);
  const higher = { unit: 'tx/s', better: 'higher', against } as const;
  const rows = [medianRow(rates, { ...higher, dimension: what, goalRatio })];
  if (cpuGoalRatio === undefined) {
    const dimension = `${what}, as a declared batch`;
    const batches = { ...rates, ours: batch, 'ours, in a block': inBlock };
    return [...rows, medianRow(batches, { ...higher, dimension, goalRatio: 3 })];
  }
  const cpu = each(({ cpuMicroseconds }) => cpuMicroseconds / perRound);
  rows.push(
    medianRow(cpu, {
      dimension: `${what}: CPU of the client`,
      unit: 'µs/tx',
      better: 'lower',
      against,
      goalRatio: cpuGoalRatio,
    }),
  );
  return rows;
}

async function startCandidates(connectionString: string): Promise<Record<CandidateName, ChildProcess>> {
  const program = fileURLToPath(new URL('candidate.js', import.meta.url));
  const started: Partial<Record<CandidateName, ChildProcess>> = {};
  for (const name of Object.keys(candidates) as CandidateName[]) {
    const child = fork(program, [name, connectionString, String(connections)]);
    await once(child, 'message');
    started[name] = child;
  }
  return started as Record<CandidateName, ChildProcess>;
}

/** The same server, through a proxy. */
async function startFarAway(
  connectionString: string,
  roundTripMs: number,
): Promise<{ connectionString: string; stop: () => Promise<void> }> {
  const url = new URL(connectionString);
  const program = fileURLToPath(new URL('far-away.js', import.meta.url));
  const child = spawn(process.execPath, [program, url.port, String(roundTripMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  url.port = line.toString().trim();
  return {
    connectionString: url.href,
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}
