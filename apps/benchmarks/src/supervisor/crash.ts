import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { probe } from './probe.ts';
import { lostOf, Probes } from './probes.ts';

/** So many requests follow each crash, one every 2 ms: the same for every candidate. */
export const requestsPerCrash = 300;

export type HowToCrash = 'SIGKILL' | 'exit(1)';

export interface Crash {
  /** From the crash to the first answer of another process. */
  recoveryMs: number;
  /** Of those requests, how many got no answer: refused, reset, or silent for 3 s. */
  lost: number;
}

/** Crashes the process that serves the port and sends requests, each on its own connection, until another one has answered. */
export async function crash(port: number, how: HowToCrash): Promise<Crash> {
  const victim = await serving(port);
  if (how === 'SIGKILL') process.kill(victim, 'SIGKILL');
  else await exit(port);
  const probes = new Probes(port, { victim });
  await probes.sendMany(requestsPerCrash);
  const counted = [...probes.verdicts];
  // A slow one is waited for, but what is lost from here on does not count.
  await probes.untilAnswered(LIMIT_MS);
  const { answeredMs } = probes;
  if (answeredMs === undefined) throw new Error(`Nobody served port ${port} again within ${LIMIT_MS} ms`);
  return { recoveryMs: answeredMs, lost: await lostOf(counted) };
}

/** Resolves when the kernel has closed the connection that asked for it. */
function exit(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => socket.write('GET /exit HTTP/1.1\r\nHost: app\r\n\r\n'));
    // A reset is as good an end.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve());
    socket.resume();
  });
}

/** The process that serves the port, as soon as one does. */
export async function serving(port: number): Promise<number> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const verdict = await probe(port, 1_000);
    if ('pid' in verdict) return verdict.pid;
    if (performance.now() > deadline)
      throw new Error(`Nobody served port ${port} within ${LIMIT_MS} ms: ${verdict.lost}`);
    await sleep(20);
  }
}

const LIMIT_MS = 60_000;
