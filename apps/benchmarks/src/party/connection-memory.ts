import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { serverNames } from './candidates.ts';
import { RunningDirectory, seatsFor } from './directory.ts';
import { RunningClients, RunningServer } from './running.ts';
import type { ServerName } from './settings.ts';

interface Sample {
  readonly kilobytesEach: number;
  readonly megabytes: number;
}

/**
 * What a silent member costs its server, in a fresh process each time that has had traffic before: V8's young generation, up to 32 MB
 * of whatever process is at work, is there already and is none of the members' cost. With it is the second row.
 */
export async function measureConnectionMemory({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, trafficMs] = quick ? [1, 400, 300] : [3, 5_000, 3_000];
  log(`party: ${rounds} × ${connections} silent connections`);
  await using directory = await RunningDirectory.start();
  const samples = await interleave(
    each(serverNames, (name) => () => measure(directory, name, connections, trafficMs)),
    rounds,
    each(serverNames, (name) => () => measure(directory, name, 10, 300)),
  );
  const what = { better: 'lower', against: 'bare net' } as const;
  return [
    medianRow(
      each(serverNames, (name) => samples[name].map(({ kilobytesEach }) => kilobytesEach)),
      {
        ...what,
        dimension: `resident memory of the server a silent connection, of ${connections}`,
        unit: 'KB',
        goalValue: 8,
      },
    ),
    medianRow(
      each(serverNames, (name) => samples[name].map(({ megabytes }) => megabytes)),
      {
        ...what,
        dimension: `resident memory of the server with ${connections} silent connections, all in all`,
        unit: 'MB',
        goalRatio: 2,
      },
    ),
  ];
}

async function measure(
  directory: RunningDirectory,
  name: ServerName,
  connections: number,
  trafficMs: number,
): Promise<Sample> {
  const clients = new RunningClients();
  const server = await RunningServer.start(name, directory.databaseUrl);
  try {
    await clients.connect(server, await seatsFor(directory, name, 800));
    await clients.echoes({ talkEveryMs: 200, durationMs: trafficMs });
    await clients.disconnect();
    const before = await server.residentBytes();
    await clients.connect(server, await seatsFor(directory, name, connections));
    const after = await server.residentBytes();
    return { kilobytesEach: (after - before) / connections / 1_000, megabytes: after / 1e6 };
  } finally {
    await clients.stop();
    await server.stop();
  }
}
