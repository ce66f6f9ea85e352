import { type Context, medianRow, type Row } from '../harness/row.ts';
import { measureServers } from './candidates.ts';
import { percentile } from './percentile.ts';
import { ROOM_SIZE } from './settings.ts';

/** How long it takes until members hear what they said, when each says something once a second. */
export async function measureEcho({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, durationMs] = quick ? [1, 800, 1_000] : [3, 5_000, 5_000];
  log(`party: ${rounds} × ${durationMs} ms of ${connections} members who speak once a second`);
  const p99Ms = await measureServers(rounds, async ({ clients, server, connect }) => {
    await connect(connections);
    await clients.echoes({ talkEveryMs: 1_000, durationMs }); // Until all is compiled.
    const echoesMs = await clients.echoes({ talkEveryMs: 1_000, durationMs });
    const { refused } = await server.usage();
    if (refused > 0) throw new Error(`${server.name} has refused ${refused} messages`);
    return percentile(echoesMs, 0.99);
  });
  return [
    medianRow(p99Ms, {
      dimension: `p99 from a message to its echo, of ${connections} members in rooms of ${ROOM_SIZE} who speak once a second`,
      unit: 'ms',
      better: 'lower',
      against: 'bare net',
      goalValue: 10,
    }),
  ];
}
