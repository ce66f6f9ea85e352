import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { RunningClients, RunningServer } from './running.ts';
import type { ServerName } from './settings.ts';

const names = ['ours', 'bare net', 'ours, WebSocket'] as const satisfies ServerName[];

/** What a silent member costs its server, in a fresh process each time. */
export async function measureConnectionMemory({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections] = quick ? [1, 400] : [3, 5_000];
  log(`party: ${rounds} × ${connections} silent connections`);
  const kilobytes = await interleave(
    each(names, (name) => () => kilobytesPerConnection(name, connections)),
    rounds,
    each(names, (name) => () => kilobytesPerConnection(name, 10)),
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

async function kilobytesPerConnection(name: ServerName, connections: number): Promise<number> {
  const clients = new RunningClients();
  const server = await RunningServer.start(name);
  try {
    // What the first ones cost is the code, not their connections.
    await clients.connect(server, 200);
    await clients.disconnect();
    const { residentBytes: before } = await server.usage();
    await clients.connect(server, connections);
    const { residentBytes: after } = await server.usage();
    return (after - before) / connections / 1_000;
  } finally {
    await clients.stop();
    await server.stop();
  }
}
