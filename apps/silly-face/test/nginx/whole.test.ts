// The whole backend behind the real nginx, under load.
import type { Pool } from '@silly-face/pg-pool-transactions';
import { bringNginx, startPostgres, type TestPostgres, waitUntil } from '@silly-face/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { type Demo, demoFolders, runDemo } from '../demo/run-demo.ts';
import { startLoad } from './load.ts';

const missing = await bringNginx();

beforeEach((context) => {
  if (missing) context.skip(missing);
});

const folders = demoFolders();
let postgres: TestPostgres;
let db: Pool;
let backend: Demo;

beforeAll(async () => {
  if (missing) return;
  postgres = await startPostgres();
  const environment = {
    DATABASE_URL: postgres.connectionString,
    LOG_LEVEL: 'warn',
    SILLY_FACE_NGINX: 'on',
  };
  backend = await runDemo(folders, environment, 'main');
  await waitUntil(() => backend.printed().includes('The API is at'), { what: 'the start' });
  db = openDatabase(postgres.connectionString);
}, 300_000);

afterAll(async () => {
  for (const pid of backend?.processes() ?? []) process.kill(pid, 'SIGKILL');
  await db?.drain();
  await postgres?.[Symbol.asyncDispose]();
  folders.remove();
});

const url = (): string => `http://127.0.0.1:${backend.port}`;
const count = (pattern: RegExp): number => backend.printed().match(pattern)?.length ?? 0;

/** The process ids that a child has had, the present one last. */
function pidsOf(name: string): number[] {
  const ready = backend.printed().matchAll(new RegExp(`supervisor \\| ${name} \\((\\d+)\\): ready`, 'g'));
  return [...ready].map(([, pid]) => Number(pid));
}

describe('under load', () => {
  it('a deploy fails no request, repeats none, and leaves nginx alone', async () => {
    const nginx = pidsOf('nginx');
    const before = [pidsOf('api-1').at(-1), pidsOf('api-2').at(-1)];
    const load = await startLoad(url(), db);
    backend.signal('SIGHUP');
    await waitUntil(() => count(/^(Deployed|Not deployed)/gm) === 1, {
      what: 'the deploy',
      timeoutMs: 60_000,
    });
    const so = load.answered();
    await waitUntil(() => load.answered() > so + 50, { what: 'some more requests' });
    expect(await load.end()).toEqual([]);
    expect(count(/^Deployed/gm)).toBe(1);
    const { promised, found, once } = await load.effects();
    expect({ found, once }).toEqual({ found: promised, once: promised });
    expect(pidsOf('nginx')).toEqual(nginx);
    for (const pid of before) expect(() => process.kill(pid as number, 0)).toThrow('ESRCH');
  });

  it('processes that are killed one after the other fail no request, and nothing is done twice', async () => {
    const load = await startLoad(url(), db);
    for (let kills = 0; kills < 4; kills++) {
      const name = `api-${(kills % 2) + 1}`;
      const so = load.answered();
      await waitUntil(() => load.answered() > so + 20, { what: 'some requests' });
      const before = pidsOf(name);
      process.kill(before.at(-1) as number, 'SIGKILL');
      await waitUntil(() => pidsOf(name).length > before.length, { what: `${name} to be there again` });
    }
    expect(await load.end()).toEqual([]);
    const { promised, found, once } = await load.effects();
    expect({ found, once }).toEqual({ found: promised, once: promised });
  });

  it('nginx that is killed comes back, and no connection is refused', async () => {
    const before = pidsOf('nginx');
    process.kill(before.at(-1) as number, 'SIGKILL');
    const codes = new Set<unknown>();
    while (pidsOf('nginx').length === before.length) {
      await fetch(`${url()}/me`, { headers: { connection: 'close' } }).then(
        ({ status }) => codes.add(status),
        ({ cause }: { cause?: { code?: string } }) => codes.add(cause?.code),
      );
    }
    expect(codes).not.toContain('ECONNREFUSED');
    expect((await fetch(`${url()}/me`)).status).toBe(401);
  });
});

it('ends in order when it is told to, and leaves nothing', async () => {
  backend.signal('SIGTERM');
  expect(await backend.ended, backend.printed()).toEqual([0, null]);
  expect(backend.processes()).toEqual([]);
});
