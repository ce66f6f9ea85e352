import { each } from '../harness/each.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { measureServers, serverNames } from './candidates.ts';
import { ROOM_SIZE, type Talk } from './settings.ts';

interface Sample {
  readonly perSecond: number;
  readonly cpuUs: number;
}

/** How many messages reach their receivers. All limits are on, at their defaults: there are so many clients that none of them has to
 * speak more than 20 times a second. */
export async function measureFanOut(talk: Talk, { quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, durationMs] = quick ? [1, 800, 200] : [5, 4_000, 2_000];
  log(`party: ${rounds} × ${durationMs} ms of ${connections} members who speak ${talk}`);
  const samples = await measureServers(rounds, async ({ clients, server, connect }): Promise<Sample> => {
    await connect(connections);
    await clients.talk({ talk, durationMs }); // Until all is compiled.
    const before = await server.usage();
    const { deliveries, seconds } = await clients.talk({ talk: 'go on', durationMs });
    const after = await server.usage();
    if (after.refused > 0) throw new Error(`${server.name} has refused ${after.refused} messages`);
    if (deliveries === 0) throw new Error(`${server.name} delivered nothing`);
    return { perSecond: deliveries / seconds, cpuUs: (after.cpuUs - before.cpuUs) / deliveries };
  });
  const members = `in rooms of ${ROOM_SIZE}, ${connections} members who speak ${talk}`;
  return [
    medianRow(
      each(serverNames, (name) => samples[name].map(({ perSecond }) => perSecond)),
      {
        dimension: `deliveries/s ${members}`,
        unit: 'deliveries/s',
        better: 'higher',
        against: 'bare net',
        goalRatio: 0.8,
      },
    ),
    medianRow(
      each(serverNames, (name) => samples[name].map(({ cpuUs }) => cpuUs)),
      {
        dimension: `the server's CPU a delivery ${members}`,
        unit: 'µs',
        better: 'lower',
        against: 'bare net',
        goalRatio: 1.25,
      },
    ),
  ];
}
