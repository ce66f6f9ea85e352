import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { RunningDirectory, seatsFor } from './directory.ts';
import { RunningClients, RunningServer } from './running.ts';
import { ROOM_SIZE, type ServerName, type Talk } from './settings.ts';

const names = ['ours', 'bare net', 'ours, WebSocket', 'edge alone'] as const satisfies ServerName[];

interface Sample {
  readonly perSecond: number;
  readonly cpuUs: number;
}

/** How many messages reach their receivers. All limits are on, at their defaults: there are so many clients that none of them has to
 * speak more than 20 times a second. */
export async function measureFanOut(talk: Talk, { quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, durationMs] = quick ? [1, 800, 200] : [5, 4_000, 2_000];
  log(`party: ${rounds} × ${durationMs} ms of ${connections} members who speak ${talk}`);
  await using directory = await RunningDirectory.start();
  const clients = new RunningClients();
  const servers = new Map<ServerName, RunningServer>();
  const measure = async (server: RunningServer): Promise<Sample> => {
    await clients.connect(server, await seatsFor(directory, server.name, connections));
    await clients.talk({ talk, durationMs: durationMs / 4 });
    const before = await server.usage();
    const { deliveries, seconds } = await clients.talk({ talk: 'go on', durationMs });
    const after = await server.usage();
    await clients.disconnect();
    if (after.refused > 0) throw new Error(`${server.name} has refused ${after.refused} messages`);
    if (deliveries === 0) throw new Error(`${server.name} delivered nothing`);
    return { perSecond: deliveries / seconds, cpuUs: (after.cpuUs - before.cpuUs) / deliveries };
  };
  try {
    for (const name of names) servers.set(name, await RunningServer.start(name, directory.databaseUrl));
    const samples = await interleave(
      each(names, (name) => () => measure(servers.get(name) as RunningServer)),
      rounds,
    );
    const members = `in rooms of ${ROOM_SIZE}, ${connections} members who speak ${talk}`;
    return [
      medianRow(
        each(names, (name) => samples[name].map(({ perSecond }) => perSecond)),
        {
          dimension: `deliveries/s ${members}`,
          unit: 'deliveries/s',
          better: 'higher',
          against: 'bare net',
          goalRatio: 0.8,
        },
      ),
      medianRow(
        each(names, (name) => samples[name].map(({ cpuUs }) => cpuUs)),
        {
          dimension: `the server's CPU a delivery ${members}`,
          unit: 'µs',
          better: 'lower',
          against: 'bare net',
          goalRatio: 1.25,
        },
      ),
    ];
  } finally {
    await clients.stop();
    for (const server of servers.values()) await server.stop();
  }
}
