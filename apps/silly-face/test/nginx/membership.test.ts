import { bringNginx, descendants, waitUntil } from '@silly-face/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Front, seen, startFront } from './front.ts';

const missing = await bringNginx();

beforeEach((context) => {
  if (missing) context.skip(missing);
});

/** Each request on a connection of its own: a reload closes those that are idle. */
const once = { headers: { connection: 'close' } };

/** Asks all the while, with several requests at a time, and tells what went wrong. */
function busy(front: Front): { answers: () => number; end(): Promise<unknown[]> } {
  const over = new AbortController();
  let answers = 0;
  const failures: unknown[] = [];
  const ask = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const response = await fetch(front.url, { ...once, method: 'POST', body: 'of somebody' });
        if (response.status === 200) answers++;
        else failures.push(response.status);
        await response.arrayBuffer();
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const asking = Promise.all([ask(), ask(), ask(), ask()]);
  return {
    answers: () => answers,
    async end() {
      over.abort();
      await asking;
      return failures;
    },
  };
}

async function answering(front: Front): Promise<number> {
  const pids = await Promise.all(
    Array.from({ length: 30 }, async () => (await seen(await fetch(front.url, once))).pid),
  );
  return new Set(pids).size;
}

const workersOf = (front: Front): number[] => descendants(front.nginxPid() as number);

describe('nginx', () => {
  it('is told of more and of fewer processes, and loses nothing', async () => {
    await using front = await startFront();
    const pid = front.nginxPid();
    const load = busy(front);
    await front.supervisor.scale('api', 3);
    await waitUntil(async () => (await answering(front)) === 3, { what: 'three processes to answer' });
    const so = load.answers();
    await waitUntil(() => load.answers() > so + 100, { what: 'some more requests' });
    await front.supervisor.scale('api', 1);
    await waitUntil(async () => (await answering(front)) === 1, { what: 'one process to answer' });
    const then = load.answers();
    await waitUntil(() => load.answers() > then + 100, { what: 'some more requests' });
    expect(await load.end()).toEqual([]);
    expect(front.nginxPid()).toBe(pid);
    expect(front.failures).toEqual([]);
  });

  it('is left alone by a deploy and by crashes, which change nothing for it', async () => {
    await using front = await startFront();
    const before = [front.nginxPid(), ...workersOf(front)];
    const pids = (): (number | undefined)[] =>
      front.supervisor
        .status()
        .filter(({ name }) => name.startsWith('api-'))
        .map((child) => child.pid);
    const [first, second] = pids();
    const load = busy(front);
    await front.supervisor.reload();
    process.kill(pids()[0] as number, 'SIGKILL');
    await waitUntil(() => front.supervisor.status().some(({ restarts }) => restarts > 0), {
      what: 'the restart',
    });
    await waitUntil(async () => (await answering(front)) === 2, { what: 'both processes to answer' });
    expect(await load.end()).toEqual([]);
    expect(pids()).not.toContain(first);
    expect(pids()).not.toContain(second);
    // Those that look after the cache come and go.
    const now = new Set([front.nginxPid(), ...workersOf(front)]);
    expect(before.filter((pid) => now.has(pid)).length).toBeGreaterThanOrEqual(2);
    expect(front.printed()).not.toContain('signal process started');
  });

  it('knows nothing of a process that was stopped by name, until it is started again', async () => {
    await using front = await startFront();
    const knows = (name: string): boolean => front.configuration().includes(name);
    await front.supervisor.stop('api-2');
    await waitUntil(() => !knows('api-2.sock'), { what: 'nginx to be told' });
    expect(knows('api-1.sock')).toBe(true);
    await front.supervisor.start('api-2');
    await waitUntil(() => knows('api-2.sock'), { what: 'nginx to be told' });
    await waitUntil(async () => (await answering(front)) === 2, { what: 'both processes to answer' });
    expect(front.failures).toEqual([]);
  });

  it('comes back after its death, and refuses no connection meanwhile', async () => {
    await using front = await startFront();
    for (let death = 1; death <= 3; death++) {
      const pid = front.nginxPid() as number;
      process.kill(pid, 'SIGKILL');
      const outcomes = new Set<unknown>();
      while ([undefined, pid].includes(front.nginxPid())) {
        await fetch(front.url, once).then(
          ({ status }) => outcomes.add(status),
          ({ cause }: { cause?: { code?: string } }) => outcomes.add(cause?.code),
        );
      }
      // What was begun with the dead one is lost; what it had not yet taken waits.
      expect(outcomes).not.toContain('ECONNREFUSED');
      expect((await fetch(front.url, once)).status).toBe(200);
    }
  });
});
