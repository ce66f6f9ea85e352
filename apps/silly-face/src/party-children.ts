import { fileURLToPath } from 'node:url';
import { isPortFree } from '@silly-face/postgres-local';
import type { ChildOptions, SocketOptions } from '@silly-face/supervisor';
import { ConfigError } from './config.ts';
import { hostId } from './host-id.ts';
import { newRun } from './party/process-id.ts';
import { partyWebSocket } from './nginx/upstreams.ts';
import { SERVING_RESTART } from './serving-restart.ts';

/** The party processes: how many, and where each listens. */
export interface PartyPlan {
  readonly host: string;
  readonly hostId: string;
  /** Of this start of the supervisor: part of the ids of its processes. */
  readonly run: string;
  /** One a process. */
  readonly places: readonly PartyPlace[];
}

export interface PartyPlace {
  readonly name: string;
  readonly port: number;
  readonly webSocketPort: number;
  /** What clients are told instead of what follows from the above. */
  readonly environment: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 31_337;
const DEFAULT_WEB_SOCKET_PORT = 32_337;

/**
 * Ports that were asked for, where 0 is any, or the first free ones from the usual ones on. Each process has the next.
 *
 * @throws {ConfigError}
 */
export async function planParty(env: Environment): Promise<PartyPlan> {
  const host = env.PARTY_HOST || '127.0.0.1';
  const count = integer(env, 'PARTY_PROCESSES', 2, 100);
  const port = await firstPort(env, 'PARTY_PORT', DEFAULT_PORT, count, host);
  const webSocketPort = await firstPort(env, 'PARTY_WEB_SOCKET_PORT', DEFAULT_WEB_SOCKET_PORT, count, host);
  const advertisedPort = env.PARTY_ADVERTISED_PORT ? integer(env, 'PARTY_ADVERTISED_PORT', 0, 65_535) : 0;
  const next = (first: number, index: number): number => (first === 0 ? 0 : first + index);
  const places = Array.from({ length: count }, (_, index) => {
    const name = `party-${index + 1}`;
    return {
      name,
      port: next(port, index),
      webSocketPort: next(webSocketPort, index),
      environment: {
        ...(advertisedPort > 0 && { PARTY_ADVERTISED_PORT: String(advertisedPort + index) }),
        ...(env.PARTY_WEB_SOCKET_URL && {
          PARTY_WEB_SOCKET_URL: env.PARTY_WEB_SOCKET_URL.replaceAll('{name}', name),
        }),
      },
    };
  });
  return { host, hostId: hostId(env), run: newRun(), places };
}

/** Each with its own two sockets, so that a client that knows where its room is finds it there. */
export function partySockets({ host, places }: PartyPlan): Record<string, SocketOptions> {
  return Object.fromEntries(
    places.flatMap(({ name, port, webSocketPort }) => [
      [name, { host, port }],
      [partyWebSocket(name), { host, port: webSocketPort }],
    ]),
  );
}

/**
 * Node's own options of a party process. V8 collects its garbage with one helper thread: with its usual four they take all cores
 * of a small machine, and for as long nobody's message goes anywhere. Those of the environment come later, and win.
 */
export const PARTY_NODE_OPTIONS = '--v8-pool-size=1';

/** `environment`: where the directory is; `after`: what has to be ready first. */
export function partyChildren(
  { host, hostId: machine, run, places }: PartyPlan,
  { environment, after }: { environment: Record<string, string>; after: string[] },
): ChildOptions[] {
  return places.map((place) => ({
    name: place.name,
    script: fileURLToPath(new URL('processes/party.js', import.meta.url)),
    sockets: [place.name, partyWebSocket(place.name)],
    restart: SERVING_RESTART,
    after,
    env: {
      ...environment,
      NODE_OPTIONS: `${PARTY_NODE_OPTIONS} ${process.env['NODE_OPTIONS'] ?? ''}`.trimEnd(),
      PARTY_NAME: place.name,
      PARTY_HOST: host,
      HOST_ID: machine,
      PARTY_RUN: run,
      ...place.environment,
    },
    readiness: 'message',
    healthCheck: {
      type: 'line',
      greeting: { json: { cmd: 'PLSAUTH' } },
      send: { json: { cmd: 'RING' } },
      expect: { json: { cmd: 'AHOY-HOY' } },
    },
    healthCheckIntervalMs: 10_000,
    stopTimeoutMs: 30_000,
    // One that ends in order has said so itself.
    onChildExit: async ({ child, pid, code }) => {
      if (code === 0) return;
      // Only the process that supervises needs it, and only then.
      const { expelExited } = await import('./party-exit.ts');
      await expelExited({ ...process.env, ...environment, HOST_ID: machine }, { name: child, pid, run });
    },
    onChildExitTimeoutMs: 10_000,
  }));
}

async function firstPort(
  env: Environment,
  name: string,
  usual: number,
  count: number,
  host: string,
): Promise<number> {
  if (env[name]) return integer(env, name, 0, 65_536 - Math.max(1, count));
  for (let first = usual; first < usual + MOST_PORTS; first += Math.max(1, count)) {
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const free = await Promise.all(ports.map((port) => isPortFree(port, host)));
    if (free.every(Boolean)) return first;
  }
  throw new ConfigError(`No ${count} ports from ${usual} on are free; choose others with ${name}`);
}

const MOST_PORTS = 100;

function integer(env: Environment, name: string, fallback: number, most: number): number {
  const value = env[name] ? Number(env[name]) : fallback;
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new ConfigError(`Expected ${name} to be a whole number from 0 to ${most}, got ${env[name]}`);
}
