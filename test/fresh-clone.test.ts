// What a newcomer does: clones, runs the demo with an empty home, watches a move, ends it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  freePort,
  freshClone,
  isPortFree,
  newcomersEnvironment,
  processesMarked,
  waitUntil,
} from '@silly-face/testing';

const isRoot = process.getuid?.() === 0;
/** The user and group who own nothing. */
const nobody = 65_534;

let directory: string;
let mark: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'newcomer-'));
  mark = `NEWCOMER=${randomUUID()}`;
});
afterEach(() => {
  for (const pid of processesMarked(mark)) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

describe('npm run demo in a fresh clone with an empty home', () => {
  test('plays as root, below a folder that only root may enter', { timeout: 600_000 }, async (context) => {
    if (!isRoot) context.skip('only root has folders that only root may enter');
    const { data } = await playsAndEnds();
    // Postgres, which never runs as root, could not enter the clone.
    expect(data).toMatch(/^\/var\/lib\/silly-face\//);
    rmSync(data, { recursive: true });
  });

  test('plays as an ordinary user', { timeout: 600_000 }, async () => {
    if (isRoot) {
      chmodSync(directory, 0o755);
      chownSync(directory, nobody, nobody);
    }
    const { data } = await playsAndEnds(isRoot ? { uid: nobody, gid: nobody } : {});
    expect(data).toBe(join(directory, 'clone/.data'));
  });

  test('ends at once, all of it, by a signal during the installation', { timeout: 600_000 }, async () => {
    const demo = startDemo({}, await freePort());
    await waitUntil(() => demo.printed().includes('Lockfile is up to date'), {
      what: 'the installation',
      timeoutMs: 500_000,
    });
    demo.process.kill('SIGTERM');
    expect((await demo.closed)[0], demo.printed()).not.toBe(0);
    await waitUntil(() => processesMarked(mark).length === 0, { what: 'all of it to end' });
    expect(demo.printed()).not.toContain('Silly Face Society');
  });
});

async function playsAndEnds(user: User = {}): Promise<{ data: string }> {
  const port = await freePort();
  const demo = startDemo(user, port);
  await waitUntil(() => /guesses ".*": right/.test(demo.printed()) || demo.process.exitCode !== null, {
    what: 'a face to be guessed',
    timeoutMs: 500_000,
  });
  expect(demo.printed()).toMatch(/guesses ".*": right/);
  const health = await fetch(`http://localhost:${port}/_health`);
  expect([health.status, await health.text()]).toEqual([200, 'ok']);

  demo.process.kill('SIGTERM');
  expect(await demo.closed, demo.printed()).toEqual([0, null]);
  expect(processesMarked(mark)).toEqual([]);
  expect(await isPortFree(port, '127.0.0.1')).toBe(true);
  return { data: /logs +(\S+)\/logs/.exec(demo.printed())?.[1] ?? '' };
}

interface User {
  uid?: number;
  gid?: number;
}

function startDemo(
  user: User,
  port: number,
): { process: ChildProcess; printed(): string; closed: Promise<unknown[]> } {
  const clone = join(directory, 'clone');
  const home = join(directory, 'home');
  freshClone(clone);
  mkdirSync(home);
  if (user.uid) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, clone, home]);
  const demo = spawn('npm', ['run', 'demo'], {
    ...user,
    cwd: clone,
    env: {
      ...newcomersEnvironment(),
      HOME: home,
      PORT: String(port),
      SILLY_FACE_POSTGRES: 'embedded',
      NEWCOMER: mark.slice('NEWCOMER='.length),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return { process: demo, printed: () => printed, closed: once(demo, 'close') };
}
