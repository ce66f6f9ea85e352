import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { RunningDirectory } from './directory.ts';
import { RunningClients, RunningServer } from './running.ts';
import type { ServerName } from './settings.ts';

export const serverNames = [
  'ours',
  'bare net',
  'ours, WebSocket',
  'edge alone',
] as const satisfies ServerName[];

export interface Measured {
  readonly directory: RunningDirectory;
  readonly clients: RunningClients;
  readonly server: RunningServer;
}

/** Measures one server after the other, round after round; each runs all the time. */
export async function measureServers<Sample>(
  rounds: number,
  measure: (measured: Measured) => Promise<Sample>,
): Promise<Record<(typeof serverNames)[number], Sample[]>> {
  await using directory = await RunningDirectory.start();
  const clients = new RunningClients();
  const servers = new Map<ServerName, RunningServer>();
  try {
    for (const name of serverNames) servers.set(name, await RunningServer.start(name, directory.databaseUrl));
    return await interleave(
      each(
        serverNames,
        (name) => () => measure({ directory, clients, server: servers.get(name) as RunningServer }),
      ),
      rounds,
    );
  } finally {
    await clients.stop();
    for (const server of servers.values()) await server.stop();
  }
}
