// The recipes of the README behind a real nginx: processes are replaced one after the other while requests come without a pause.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringNginx, freePort, startNginx } from '@silly-face/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bind } from './bind.ts';
import { Traffic } from './traffic.ts';

const LANES = 16;
const BURST = 48;
const INSTALLING_MS = 300_000;

const directory = mkdtempSync(join(tmpdir(), 'silly-face-recipes-'));
const running = new Set<ChildProcess>();
let missing: string | undefined;
beforeAll(async () => {
  missing = await bringNginx();
}, INSTALLING_MS);
beforeEach((context) => {
  if (missing) context.skip(missing);
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

interface Served {
  port?: number;
  log: string;
  options: object;
}

async function serve(config: Served, fd?: number): Promise<ChildProcess> {
  const child = fork(new URL('fixtures/behind-nginx.mjs', import.meta.url), [JSON.stringify(config)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...(fd === undefined ? [] : [fd])],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  await once(child, 'message');
  return child;
}

/** SIGTERM amid a burst, another burst when it closes its listener; resolves with its exit code. */
function endAmidBursts(child: ChildProcess, traffic: Traffic): Promise<number | null> {
  child.once('message', () => traffic.burst(BURST));
  traffic.burst(BURST / 2);
  const exitCode = end(child);
  traffic.burst(BURST / 2);
  return exitCode;
}

async function end(child: ChildProcess): Promise<number | null> {
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  return code;
}

function executed(log: string): string[] {
  return readFileSync(log, 'utf8').trimEnd().split('\n');
}

async function untilServed(traffic: Traffic, more: number): Promise<void> {
  const target = traffic.outcomes.length + more;
  await expect.poll(() => traffic.outcomes.length, { timeout: 60_000 }).toBeGreaterThan(target);
}

it('A: with a held listener nothing is lost, nor executed twice, though nginx may repeat nothing', async () => {
  const log = join(directory, 'held');
  const held = bind();
  // Longer than nginx keeps its connections.
  const options = { idleGraceMs: 2_500, timeoutMs: 30_000 };
  let current = await serve({ log, options }, held.fd);
  await using nginx = await startNginx({
    upstreams: [held.port],
    keepaliveTimeoutMs: 1_000,
    nextUpstream: 'off',
    maxFails: 0,
  });
  const traffic = new Traffic(nginx.port, LANES);
  const ends: Promise<number | null>[] = [];
  for (let deploy = 0; deploy < 6; deploy += 1) {
    await untilServed(traffic, 300);
    const next = await serve({ log, options }, held.fd);
    // Not waited for: deploys overlap.
    ends.push(endAmidBursts(current, traffic));
    current = next;
  }
  await untilServed(traffic, 300);
  const exitCodes = await Promise.all(ends);
  await traffic.stop();
  exitCodes.push(await end(current));
  held.close();
  expect(traffic.outcomes.filter(({ result }) => result !== '200')).toEqual([]);
  expect(executed(log).toSorted()).toEqual(traffic.outcomes.map(({ path }) => path).toSorted());
  expect(new Set(exitCodes)).toEqual(new Set([0]));
});

/** Two upstreams, restarted in turns on their ports. */
async function restartInTurns(name: string, nextUpstream: string, options: object) {
  const log = join(directory, name);
  const ports = [await freePort(), await freePort()];
  const children = await Promise.all(ports.map((port) => serve({ port, log, options })));
  await using nginx = await startNginx({ upstreams: ports, nextUpstream, maxFails: 0 });
  const traffic = new Traffic(nginx.port, LANES);
  const exitCodes = new Set<number | null>();
  for (let restart = 0; restart < 8; restart += 1) {
    await untilServed(traffic, 200);
    const turn = restart % 2;
    exitCodes.add(await endAmidBursts(children[turn] as ChildProcess, traffic));
    await untilServed(traffic, 50);
    children[turn] = await serve({ port: ports[turn], log, options });
  }
  await traffic.stop();
  for (const child of children) exitCodes.add(await end(child));
  return { outcomes: traffic.outcomes, executed: executed(log), exitCodes };
}

it('B: without one nothing is lost, nor executed twice, if nginx repeats what got no answer', async () => {
  const { outcomes, executed, exitCodes } = await restartInTurns(
    'lame-duck',
    'error timeout non_idempotent',
    {
      delayMs: 150,
    },
  );
  expect(outcomes.filter(({ result }) => result !== '200')).toEqual([]);
  expect(executed.toSorted()).toEqual(outcomes.map(({ path }) => path).toSorted());
  expect(exitCodes).toEqual(new Set([0]));
});

it('refuseWith: no GET is lost if nginx repeats what got 502, and no POST is executed twice', async () => {
  const { outcomes, executed, exitCodes } = await restartInTurns('refusing', 'error timeout http_502', {
    delayMs: 150,
    refuseWith: 502,
  });
  expect(outcomes.filter(({ method, result }) => method === 'GET' && result !== '200')).toEqual([]);
  expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['200', '502']));
  const answered = outcomes.filter(({ result }) => result === '200').map(({ path }) => path);
  expect(executed.toSorted()).toEqual(answered.toSorted());
  expect(exitCodes).toEqual(new Set([0]));
});
