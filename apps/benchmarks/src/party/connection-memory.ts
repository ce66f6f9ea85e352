import { each } from '../harness/each.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { measureServers, serverNames } from './candidates.ts';

interface Sample {
  readonly kilobytesEach: number;
  readonly megabytes: number;
}

/**
 * What a member who talks costs the server, in a fresh process each time that has had traffic before: V8's young generation, up to
 * 32 MB of whatever process is at work, is there already and is none of the members' cost. With it is the second row.
 */
export async function measureConnectionMemory({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, trafficMs] = quick ? [1, 400, 300] : [3, 5_000, 3_000];
  log(`party: ${rounds} × ${connections} members, who say something each second`);
  const samples = await measureServers(rounds, async ({ clients, server, connect }): Promise<Sample> => {
    await connect(800);
    await clients.echoes({ talkEveryMs: 200, durationMs: trafficMs });
    await clients.disconnect();
    const before = await server.residentBytes();
    await connect(connections);
    await clients.echoes({ talkEveryMs: 1_000, durationMs: trafficMs });
    const after = await server.residentBytes();
    return { kilobytesEach: (after - before) / connections / 1_000, megabytes: after / 1e6 };
  });
  const what = { better: 'lower', against: 'bare net' } as const;
  return [
    medianRow(
      each(serverNames, (name) => samples[name].map(({ kilobytesEach }) => kilobytesEach)),
      {
        ...what,
        dimension: `resident memory of the server a connection, of ${connections} members who have talked`,
        unit: 'KB',
        goalValue: 8,
      },
    ),
    medianRow(
      each(serverNames, (name) => samples[name].map(({ megabytes }) => megabytes)),
      {
        ...what,
        dimension: `resident memory of the server with ${connections} members who have talked, all in all`,
        unit: 'MB',
        goalRatio: 2,
      },
    ),
  ];
}
