import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { RunningDirectory, seatsFor } from './directory.ts';
import { RunningClients, RunningServer } from './running.ts';
import type { ServerName } from './settings.ts';

const names = ['ours', 'bare net', 'ours, WebSocket', 'edge alone'] as const satisfies ServerName[];

/** What a silent member costs its server, in a fresh process each time. */
export async function measureConnectionMemory({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections] = quick ? [1, 400] : [3, 5_000];
  log(`party: ${rounds} × ${connections} silent connections`);
  await using directory = await RunningDirectory.start();
  const kilobytes = await interleave(
    each(names, (name) => () => kilobytesPerConnection(directory, name, connections)),
    rounds,
    each(names, (name) => () => kilobytesPerConnection(directory, name, 10)),
  );
  return [
    medianRow(kilobytes, {
      dimension: `resident memory of the server a silent connection, of ${connections}`,
      unit: 'KB',
      better: 'lower',
      against: 'bare net',
      goalValue: 8,
    }),
  ];
}

async function kilobytesPerConnection(
  directory: RunningDirectory,
  name: ServerName,
  connections: number,
): Promise<number> {
  const clients = new RunningClients();
  const server = await RunningServer.start(name, directory.databaseUrl);
  try {
    // What the first ones cost is the code, not their connections.
    await clients.connect(server, await seatsFor(directory, name, 200));
    await clients.disconnect();
    const before = await server.residentBytes();
    await clients.connect(server, await seatsFor(directory, name, connections));
    const after = await server.residentBytes();
    return (after - before) / connections / 1_000;
  } finally {
    await clients.stop();
    await server.stop();
  }
}
