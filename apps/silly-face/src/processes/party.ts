// One party process: rooms over TCP and WebSockets until a signal comes. Then it takes no more connections, gives each room to
// another process, and its clients follow.
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gracefulShutdown, healthHandler } from '@silly-face/graceful-shutdown';
import { pino } from 'pino';
import { readPartyConfig } from '../config.ts';
import { type Address, DirectoryError } from '../directory/directory.ts';
import { openDirectory } from '../directory/open-directory.ts';
import { drainRooms } from '../party/drain.ts';
import { RoomsHandler } from '../party/party-handler.ts';
import { PartyServer } from '../party/party-server.ts';
import { partyProcessId } from '../party/process-id.ts';
import { PartyPrometheus } from '../party/prometheus.ts';
import { Rooms } from '../party/rooms.ts';
import { timedDirectory } from '../party/timed-directory.ts';
import { listen } from './listen.ts';
import { partyPages } from './party-pages.ts';

/** All of it within the 30 s that the supervisor waits before it kills. */
const DRAIN_MS = 15_000;
const CLOSE_MS = 5000;
const CHECK_IN_AGAIN_MS = 250;

const config = readPartyConfig(process.env);
const log = pino({ level: config.logLevel });
const prometheus: PartyPrometheus = new PartyPrometheus(() => ({ rooms, server }));
const directory = timedDirectory(openDirectory(process.env), prometheus.observe);
const id = partyProcessId({ ...config, pid: process.pid });
const rooms = new Rooms({ directory, id, address: advertised, log });
const server = new PartyServer(new RoomsHandler(rooms), {
  onError: (error, { remote }) => log.error({ err: error, remote }, 'a connection failed'),
  pages: (request, response) => pages(request, response),
});

const shutdown = gracefulShutdown({
  servers: [server.tcp, server.webSocket],
  timeoutMs: DRAIN_MS + CLOSE_MS,
  logger: log,
});
let isCheckedIn = false;
const pages = partyPages({
  health: healthHandler(shutdown, { checks: { 'check-in': () => isCheckedIn } }),
  metrics: () => prometheus.text(),
  metricsToken: config.metricsToken,
  onError: (error) => log.error({ err: error }, 'the metrics failed'),
});
let draining: Promise<void> | undefined;
// When nobody is accepted any more: who comes back to the same address is met by who comes after us.
shutdown.signal.addEventListener('abort', () => {
  draining = drain();
});
shutdown.onShutdown('rooms', () => draining, { timeoutMs: DRAIN_MS + CLOSE_MS });
shutdown.onShutdown('directory', () => leave(), { phase: 1 });

await listen(server.tcp, config.tcp);
await listen(server.webSocket, config.webSocket);
isCheckedIn = await checkIn();
if (isCheckedIn) {
  log.info({ ...rooms.process }, 'listening');
  process.send?.('ready');
  await prometheus.load();
}

/** While the directory is away, the process waits: another would fare no better. False when it has to go before. */
async function checkIn(): Promise<boolean> {
  while (shutdown.state === 'running') {
    try {
      await rooms.start();
      return true;
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      log.warn({ err: error }, 'the check-in failed');
      await sleep(CHECK_IN_AGAIN_MS);
    }
  }
  return false;
}

async function drain(): Promise<void> {
  try {
    if (isCheckedIn) await drainRooms(rooms, AbortSignal.timeout(DRAIN_MS));
    log.info({ ...rooms.metrics }, 'drained');
  } finally {
    await Promise.all([server.close(), rooms.stop()]);
  }
}

/** Nobody has to wait until the lease is over. */
async function leave(): Promise<void> {
  await directory.expel(id).catch((error: unknown) => log.warn({ err: error }, 'the directory was not told'));
  await directory.disconnect();
}

function advertised(): Address {
  const { host, port = portOf(server.tcp), webSocketUrl } = config.advertised;
  const shown = host.includes(':') ? `[${host}]` : host;
  return { host, port, webSocketUrl: webSocketUrl ?? `ws://${shown}:${portOf(server.webSocket)}` };
}

function portOf(listening: Server): number {
  return (listening.address() as AddressInfo).port;
}
