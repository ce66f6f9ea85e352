import { each } from '../harness/each.ts';
import { interleave } from '../harness/interleave.ts';
import { RunningDirectory, seatsFor } from './directory.ts';
import { RunningClients, RunningServer } from './running.ts';
import type { ServerName } from './settings.ts';

export const serverNames = [
  'ours',
  'bare net',
  'ours, WebSocket',
  'edge alone',
] as const satisfies ServerName[];

export interface Measured {
  readonly clients: RunningClients;
  readonly server: RunningServer;
  /** Lets so many of the clients in. */
  readonly connect: (count: number) => Promise<void>;
}

/**
 * Measures one server after the other, round after round, each in a process of its own with clients of its own: of a room that
 * its members have left a server has work for minutes, which would be in the way of the next.
 */
export async function measureServers<Sample>(
  rounds: number,
  measure: (measured: Measured) => Promise<Sample>,
): Promise<Record<(typeof serverNames)[number], Sample[]>> {
  await using directory = await RunningDirectory.start();
  const measureOne = async (name: ServerName): Promise<Sample> => {
    const clients = new RunningClients();
    const server = await RunningServer.start(name, directory.databaseUrl);
    const connect = async (count: number): Promise<void> =>
      clients.connect(server, await seatsFor(directory, server, count));
    try {
      return await measure({ clients, server, connect });
    } finally {
      await clients.stop();
      await server.stop();
    }
  };
  const cold = each(serverNames, () => () => Promise.resolve());
  return await interleave(
    each(serverNames, (name) => () => measureOne(name)),
    rounds,
    cold,
  );
}
