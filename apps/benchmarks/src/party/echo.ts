import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { RunningDirectory, seatsFor } from './directory.ts';
import { percentile } from './percentile.ts';
import { RunningClients, RunningServer } from './running.ts';
import { ROOM_SIZE, type ServerName } from './settings.ts';

const names = ['ours', 'bare net', 'ours, WebSocket', 'edge alone'] as const satisfies ServerName[];

/** How long it takes until members hear what they said, when each says something once a second. */
export async function measureEcho({ quick, log }: Context): Promise<Row[]> {
  const [rounds, connections, durationMs] = quick ? [1, 800, 1_000] : [3, 5_000, 5_000];
  log(`party: ${rounds} × ${durationMs} ms of ${connections} members who speak once a second`);
  await using directory = await RunningDirectory.start();
  const clients = new RunningClients();
  const servers = new Map<ServerName, RunningServer>();
  const measure = async (server: RunningServer): Promise<number> => {
    await clients.connect(server, await seatsFor(directory, server.name, connections));
    await clients.echoes({ talkEveryMs: 1_000, durationMs }); // Until all have found their pace.
    const echoesMs = await clients.echoes({ talkEveryMs: 1_000, durationMs });
    const { refused } = await server.usage();
    await clients.disconnect();
    if (refused > 0) throw new Error(`${server.name} has refused ${refused} messages`);
    const expected = (connections * durationMs) / 1_000;
    if (echoesMs.length < expected * 0.8)
      throw new Error(`${server.name}: ${echoesMs.length} of about ${expected} were heard`);
    return percentile(echoesMs, 0.99);
  };
  try {
    for (const name of names) servers.set(name, await RunningServer.start(name, directory.databaseUrl));
    const p99Ms = await interleave(
      each(names, (name) => () => measure(servers.get(name) as RunningServer)),
      rounds,
    );
    return [
      medianRow(p99Ms, {
        dimension: `p99 from a message to its echo, of ${connections} members in rooms of ${ROOM_SIZE} who speak once a second`,
        unit: 'ms',
        better: 'lower',
        against: 'bare net',
        goalValue: 10,
      }),
    ];
  } finally {
    await clients.stop();
    for (const server of servers.values()) await server.stop();
  }
}
