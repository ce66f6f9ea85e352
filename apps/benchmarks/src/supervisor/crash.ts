import { setTimeout as sleep } from 'node:timers/promises';
import { probe, type Verdict } from './probe.ts';

/** So many requests follow each crash, one every 2 ms: the same for every candidate. */
export const requestsPerCrash = 300;

export interface Crash {
  /** From the crash to the first answer of another process. */
  recoveryMs: number;
  /** Of those requests, how many got no answer. */
  lost: number;
}

/** Kills the process that serves the port and sends requests, each on its own connection, until another one has answered. */
export async function crash(port: number): Promise<Crash> {
  const victim = await serving(port);
  const start = performance.now();
  process.kill(victim, 'SIGKILL');
  const served = { afterMs: undefined as number | undefined };
  const send = async (): Promise<Verdict> => {
    const verdict = await probe(port);
    if ('pid' in verdict && verdict.pid !== victim) served.afterMs ??= performance.now() - start;
    return verdict;
  };
  const counted: Promise<Verdict>[] = [];
  for (let sent = 0; sent < requestsPerCrash; sent++) {
    counted.push(send());
    await sleep(2);
  }
  // A slow one is waited for, but what is lost from here on does not count.
  while (served.afterMs === undefined) {
    if (performance.now() - start > LIMIT_MS)
      throw new Error(`Nobody served port ${port} again within ${LIMIT_MS} ms`);
    void send();
    await sleep(2);
  }
  const lost = (await Promise.all(counted)).filter((verdict) => 'lost' in verdict).length;
  return { recoveryMs: served.afterMs, lost };
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
