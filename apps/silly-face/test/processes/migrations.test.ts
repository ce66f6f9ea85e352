// Migrations run while the release before serves.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Pool } from '@silly-face/pg-pool-transactions';
import { freePort, startPostgres, type TestPostgres, waitUntil } from '@silly-face/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { taunt } from '../../src/store/taunts.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const migrations = readdirSync(join(root, 'migrations')).toSorted();

/** What the first release came with. */
const FIRST = 4;

interface Migration {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exitCode: Promise<number | null>;
}

function migrate(databaseUrl: string, environment: Record<string, string> = {}, from = root): Migration {
  const child = spawn(process.execPath, [join(from, 'dist/processes/migrate.js')], {
    env: { ...process.env, DATABASE_URL: databaseUrl, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  return { child, output: () => output, exitCode: once(child, 'close').then(([exitCode]) => exitCode) };
}

/** With the migrations of the first release, and no others. */
async function startFirstRelease(): Promise<TestPostgres> {
  const postgres = await startPostgres();
  const release = mkdtempSync(join(tmpdir(), 'silly-face-release-'));
  onTestFinished(() => rmSync(release, { recursive: true, force: true }));
  cpSync(join(root, 'dist'), join(release, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(release, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(release, 'node_modules'));
  for (const name of migrations.slice(0, FIRST))
    cpSync(join(root, 'migrations', name), join(release, 'migrations', name));
  const { exitCode, output } = migrate(postgres.connectionString, {}, release);
  expect(await exitCode, output()).toBe(0);
  return postgres;
}

interface Seat {
  readonly roundId: string;
  readonly playerId: string;
}

/** Rounds of two players each. */
async function makeRounds(db: Pool, count: number): Promise<Seat[]> {
  const { rows } = await db.query<Seat>(
    `WITH player AS (INSERT INTO players (name, password_hash) SELECT 'player-' || n, 'none' FROM generate_series(1, $1::int * 2) n
      RETURNING id, substr(name, 8)::int AS n)
      INSERT INTO rounds (challenger_id, opponent_id)
        SELECT a.id, b.id FROM player a JOIN player b ON b.n = a.n + 1 WHERE a.n % 2 = 1
        RETURNING id AS "roundId", challenger_id AS "playerId"`,
    [count],
  );
  return rows;
}

/** In each round one after the other, until it is told to stop: how many there were. */
function tauntAll(db: Pool, seats: Seat[]): { stop: () => Promise<number> } {
  const end = new AbortController();
  let count = 0;
  const all = Promise.all(
    seats.map(async (seat) => {
      for (; !end.signal.aborted; count += 1) await taunt(db, seat, 'Ha!');
    }),
  );
  all.catch(() => {}); // Told by `stop`.
  return {
    stop: async () => {
      end.abort();
      await all;
      return count;
    },
  };
}

test('a database is migrated while everybody moves, and no move fails', async () => {
  await using postgres = await startFirstRelease();
  const db = openDatabase(postgres.connectionString, { max: 20 });
  const taunts = tauntAll(db, await makeRounds(db, 20));
  await sleep(500);
  const { exitCode, output } = migrate(postgres.connectionString);
  expect(await exitCode, output()).toBe(0);
  expect(await taunts.stop()).toBeGreaterThan(20);
  await db.drain();
});

test('behind a long reader, such as a backup, it tries again and again, and others read and move meanwhile', async () => {
  await using postgres = await startFirstRelease();
  const db = openDatabase(postgres.connectionString, { max: 6 });
  const taunts = tauntAll(db, await makeRounds(db, 4));
  const backup = openDatabase(postgres.connectionString, { idle_in_transaction_session_timeout: 0 });
  const reader = await backup.acquire();
  await reader.query('BEGIN');
  await reader.query('SELECT FROM rounds');

  const { exitCode, output } = migrate(postgres.connectionString);
  await waitUntil(() => output().match(/lock timeout.*tried again/g)?.length === 2, {
    what: 'a second attempt',
    timeoutMs: 30_000,
  });
  await reader.query('COMMIT');
  reader.release();
  expect(await exitCode, output()).toBe(0);
  expect(await taunts.stop()).toBeGreaterThan(20);
  await Promise.all([db.drain(), backup.drain()]);
});

test('a reader that never ends is met with patience, and then told', async () => {
  await using postgres = await startFirstRelease();
  const backup = openDatabase(postgres.connectionString, { idle_in_transaction_session_timeout: 0 });
  const reader = await backup.acquire();
  await reader.query('BEGIN');
  await reader.query('SELECT FROM rounds');
  const { exitCode, output } = migrate(postgres.connectionString, { MIGRATE_PATIENCE_MS: '6000' });
  expect(await exitCode).toBe(1);
  expect(output()).toMatch(/The migrations failed: .*lock timeout/);
  reader.release(new Error('It never ended'));
  await backup.drain();
});

test('a database that comes a little later is waited for, which is told once', async () => {
  await using postgres = await startPostgres();
  const port = await freePort();
  const url = new URL(postgres.connectionString);
  url.port = String(port);
  const { exitCode, output } = migrate(url.href);
  await waitUntil(() => output().includes('ECONNREFUSED'), { what: 'the first attempt' });
  await sleep(2500);
  const relay = createServer((near) => {
    const far = connect(postgres.port, '127.0.0.1');
    // Either end may be gone first, with something on its way.
    for (const end of [near, far]) end.on('error', () => end.destroy());
    near.pipe(far).pipe(near);
  }).listen(port, '127.0.0.1');
  expect(await exitCode, output()).toBe(0);
  relay.close();
  expect(output().match(/ECONNREFUSED/g)).toHaveLength(1);
});

test('what will not pass is not tried again', async () => {
  await using postgres = await startPostgres();
  const url = new URL(postgres.connectionString);
  url.pathname = '/nonsense';
  const { exitCode, output } = migrate(url.href);
  expect(await exitCode).toBe(1);
  expect(output()).toMatch(/^The migrations failed: .*nonsense.*\n$/);
});

test('each takes its locks on what is served first, all at once and not for ever', () => {
  const texts = migrations
    .slice(FIRST)
    .map((name) => readFileSync(join(root, 'migrations', name), 'utf8').replaceAll(/^--.*\n/gm, ''));
  expect(texts.some(touchesServed)).toBe(true);
  const locks = /^SET LOCAL lock_timeout = '2s';\nLOCK TABLE [\w, ]+ IN ACCESS EXCLUSIVE MODE;\n/;
  expect(texts.filter((text) => touchesServed(text) && !locks.test(text))).toEqual([]);
});

/** Another table than its own. */
function touchesServed(migration: string): boolean {
  const own = new Set([...migration.matchAll(/CREATE TABLE (\w+)/g)].map(([, table]) => table));
  const tables = migration.matchAll(
    /(?:ALTER TABLE (?:ONLY )?|DROP TABLE |UPDATE |DELETE FROM |REFERENCES |\bON )(\w+)/g,
  );
  return /DROP INDEX/.test(migration) || [...tables].some(([, table]) => !own.has(table));
}
