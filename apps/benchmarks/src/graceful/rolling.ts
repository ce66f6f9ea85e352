import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type NginxOptions, startNginx } from '@silly-face/testing';
import type { AppSettings } from './app.ts';
import { now } from '../harness/now.ts';
import { holdListener } from './held-listener.ts';
import type { LibraryName } from './libraries.ts';
import { burstMs, Load, type Verdicts } from './load.ts';
import { heldAs, RunningApp } from './running-app.ts';

/** How long a series of restarts goes on: until it has seen both. */
export interface Amount {
  restarts: number;
  requests: number;
  /** One that has not ended by then is killed. */
  limitMs: number;
}

export interface Outcome {
  restarts: number;
  GET: Verdicts;
  POST: Verdicts;
  /** Requests that two processes executed, or one twice. */
  executedTwice: number;
  losses: ReadonlyMap<string, number>;
}

/** The listening socket outlives the processes, the next one serves before the last gets its signal; nginx repeats nothing. */
export async function rollHeld(library: LibraryName, amount: Amount): Promise<Outcome> {
  const keepaliveTimeoutMs = 500;
  const held = holdListener();
  try {
    const nginx = { upstreams: [held.port], nextUpstream: 'off', keepaliveTimeoutMs };
    return await underLoad(nginx, async ({ load, start }) => {
      const settings = { listen: { fd: heldAs }, idleGraceMs: keepaliveTimeoutMs + 300 };
      const startNext = (): Promise<RunningApp> => start(library, settings, held.fd);
      let current = await startNext();
      load.begin();
      const ends: Promise<number>[] = [];
      while (ends.length < amount.restarts || load.sent < amount.requests) {
        const next = await startNext();
        await terminate(current, load);
        // Deploys overlap: those that still end do not hold up the next one. A burst meets some of them.
        load.burst(now() + burstMs + Math.random() * keepaliveTimeoutMs);
        ends.push(current.end(amount.limitMs));
        current = next;
      }
      await Promise.all(ends);
      return ends.length;
    });
  } finally {
    held.close();
  }
}

export interface PortsOptions {
  /** What nginx may repeat at the other one, beside what the library answers for that purpose. */
  repeated: string;
  keepaliveTimeoutMs: number;
  idleGraceMs: number;
}

/** Two ports, restarted in turn: nobody serves on one of them meanwhile. */
export async function rollPorts(
  library: LibraryName,
  amount: Amount,
  { repeated, keepaliveTimeoutMs, idleGraceMs }: PortsOptions,
): Promise<Outcome> {
  const ports = [await freePort(), await freePort()];
  const delayMs = 200;
  const nextUpstream = library === '502 middleware' ? `${repeated} http_502` : repeated;
  return await underLoad({ upstreams: ports, nextUpstream, keepaliveTimeoutMs }, async ({ load, start }) => {
    const startOn = (port: number): Promise<RunningApp> =>
      start(library, { listen: { port }, delayMs, idleGraceMs });
    const apps: RunningApp[] = [];
    for (const port of ports) apps.push(await startOn(port));
    load.begin();
    let restarts = 0;
    for (; restarts < amount.restarts || load.sent < amount.requests; restarts++) {
      const turn = restarts % ports.length;
      const app = apps[turn] as RunningApp;
      const signalledAt = await terminate(app, load);
      load.burst(signalledAt + delayMs);
      load.burst(signalledAt + delayMs + idleGraceMs);
      await app.end(amount.limitMs);
      apps[turn] = await startOn(app.port);
    }
    return restarts;
  });
}

/** SIGTERM in the middle of a burst. */
async function terminate(app: RunningApp, load: Load): Promise<number> {
  const at = now() + burstMs + 5;
  load.burst(at);
  await sleep(at - now());
  app.terminate();
  return now();
}

type Start = (library: LibraryName, settings: Partial<AppSettings>, heldFd?: number) => Promise<RunningApp>;

/** Behind an nginx that takes nobody out for a failure. `restart` returns how often it did. */
async function underLoad(
  options: NginxOptions,
  restart: (stage: { load: Load; start: Start }) => Promise<number>,
): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-rolling-'));
  const apps: RunningApp[] = [];
  try {
    await using nginx = await startNginx({ ...options, maxFails: 0 });
    const load = new Load(nginx.port);
    const start: Start = async (library, settings, heldFd) => {
      const recordFile = join(directory, String(apps.length));
      const app = await RunningApp.start(library, { ...settings, recordFile }, heldFd);
      apps.push(app);
      return app;
    };
    let restarts: number;
    try {
      restarts = await restart({ load, start });
    } finally {
      await load.stop();
    }
    const { GET, POST, losses } = load;
    return { restarts, GET, POST, losses, executedTwice: executedTwice(directory) };
  } finally {
    for (const app of apps) await app.stop();
    rmSync(directory, { recursive: true });
  }
}

function executedTwice(directory: string): number {
  const executed = new Set<string>();
  const twice = new Set<string>();
  for (const file of readdirSync(directory)) {
    for (const id of readFileSync(join(directory, file), 'utf8').split('\n').slice(0, -1)) {
      if (executed.has(id)) twice.add(id);
      executed.add(id);
    }
  }
  return twice.size;
}
