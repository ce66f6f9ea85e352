import { each, sum } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { RunningClients, RunningServer } from './running.ts';
import { ROOM_SIZE, type ServerName, type Talk } from './settings.ts';

const names = ['ours', 'bare net', 'ours, WebSocket'] as const satisfies ServerName[];

/** How many messages reach their receivers. All limits are on, and nobody comes near the flood limit with so many clients. */
export async function measureFanOut(talk: Talk, { quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, durationMs] = quick ? [1, 80, 200] : [5, 2_000, 2_000];
  log(`party: ${rounds} × ${durationMs} ms of ${connections} members who speak ${talk}`);
  const clients = new RunningClients();
  const servers = new Map<ServerName, RunningServer>();
  try {
    for (const name of names) servers.set(name, await RunningServer.start(name));
    const measure = (name: ServerName) => async () => {
      await clients.connect(servers.get(name) as RunningServer, connections);
      const rate = await clients.talk({ talk, warmUpMs: durationMs / 4, durationMs });
      await clients.disconnect();
      return rate;
    };
    const rates = await interleave(each(names, measure), rounds);
    if (sum(Object.values(rates).flat()) === 0) throw new Error('Nothing was delivered');
    return [
      medianRow(rates, {
        dimension: `deliveries/s in rooms of ${ROOM_SIZE}, ${connections} members who speak ${talk}`,
        unit: 'deliveries/s',
        better: 'higher',
        against: 'bare net',
        goalRatio: 0.8,
      }),
    ];
  } finally {
    await clients.stop();
    for (const server of servers.values()) await server.stop();
  }
}
