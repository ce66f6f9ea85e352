// The demo as a process: the bots play against the real backend, and what they did is read from Postgres and from the folder of
// photos after everything has ended.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { isPortFree, runPostgres } from '@silly-face/postgres-local';
import { createS3Local } from '@silly-face/s3-local';
import { bringSystemPostgres, freePort, isAlive, startPostgres, waitUntil } from '@silly-face/testing';
import { Client } from 'pg';
import { type Demo, demoFolders, listeningPorts, runDemo } from './run-demo.ts';

let folders: ReturnType<typeof demoFolders>;
const demos: Demo[] = [];

beforeEach(() => {
  folders = demoFolders();
});
afterEach(() => {
  for (const demo of demos.splice(0)) for (const pid of demo.processes()) process.kill(pid, 'SIGKILL');
  folders.remove();
});

async function start(environment: Record<string, string> = {}): Promise<Demo> {
  const demo = await runDemo(folders, environment);
  demos.push(demo);
  return demo;
}

/** Ends it by `end` and looks at what is left of it: no process, no port, no temporary file. */
async function expectNothingLeftAfter(demo: Demo, end: () => void): Promise<void> {
  const processes = demo.processes();
  const ports = listeningPorts(processes);
  expect(ports).toContain(demo.port);
  expect(ports.length).toBeGreaterThanOrEqual(2);
  end();
  expect(await demo.ended, demo.printed()).toEqual([0, null]);
  expect([...demo.processes(), ...processes.filter(isAlive)], demo.printed()).toEqual([]);
  for (const port of ports) expect([port, await isPortFree(port, '127.0.0.1')]).toEqual([port, true]);
  expect(readdirSync(folders.temporary)).toEqual([]);
  const uploads = `${folders.data}/uploads`;
  expect(existsSync(uploads) ? readdirSync(uploads) : []).toEqual([]);
}

/** After a death without a chance to stop anything. */
async function expectNothingSurvives(demo: Demo): Promise<void> {
  const processes = demo.processes();
  const ports = listeningPorts(processes);
  expect(ports).toContain(demo.port);
  demo.signal('SIGKILL');
  expect(await demo.ended).toEqual([null, 'SIGKILL']);
  await waitUntil(() => [...demo.processes(), ...processes.filter(isAlive)].length === 0, {
    what: 'the whole family to end',
  });
  // A process that is ending is no longer listed a moment before its sockets are closed.
  for (const port of ports)
    await waitUntil(() => isPortFree(port, '127.0.0.1'), { what: `port ${port} to be free` });
}

async function rows(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client(connectionString);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The rows of turns in the demo's data folder, whose own server has ended, and the keys of the photos. */
async function turnsAndPhotos(): Promise<{ turns: Record<string, unknown>[]; photos: string[] }> {
  const postgres = await runPostgres({ directory: `${folders.data}/postgres`, port: await freePort() });
  try {
    return {
      turns: await rows(postgres.connectionString, 'select * from turns order by number'),
      photos: await photoKeys(),
    };
  } finally {
    await postgres.stop();
  }
}

async function photoKeys(): Promise<string[]> {
  const credentials = JSON.parse(readFileSync(`${folders.data}/s3-credentials.json`, 'utf8')) as {
    accessKeyId: string;
    secretAccessKey: string;
  };
  const s3 = await createS3Local({ directory: `${folders.data}/s3`, credentials });
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: 'us-east-1',
    credentials,
    forcePathStyle: true,
  });
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'silly-face-photos' }));
    return Contents.flatMap(({ Key }) => Key ?? []);
  } finally {
    client.destroy();
    await s3.close();
  }
}

describe('on the embedded Postgres', () => {
  test(
    'ten rounds leave their rows and photos, SIGTERM leaves nothing running, the next start goes on',
    { timeout: 240_000 },
    async () => {
      const demo = await start();
      await demo.facesGuessed(10);
      expect(demo.printed()).not.toContain('FATAL');
      const health = await fetch(`http://localhost:${demo.port}/_health`);
      expect([health.status, await health.text()]).toEqual([200, 'ok']);
      const page = await fetch(`http://localhost:${demo.port}/docs`);
      expect([page.status, page.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('text/html'),
      ]);
      await expectNothingLeftAfter(demo, () => demo.signal('SIGTERM'));
      expect(demo.printed()).toMatch(/Everything has stopped\.\n$/);

      const { turns, photos } = await turnsAndPhotos();
      expect(turns.length).toBeGreaterThanOrEqual(10);
      expect(photos.length).toBe(turns.length);

      const again = await start();
      await again.facesGuessed(1);
      // That face may have been sent before, by the first one.
      const sent = await waitUntil(() => /sends a silly face \(turn (\d+)/.exec(again.printed()), {
        what: 'the next turn',
        timeoutMs: 120_000,
      });
      expect(Number(sent[1])).toBeGreaterThanOrEqual(turns.length);
      await expectNothingSurvives(again);

      const after = await turnsAndPhotos();
      expect(after.turns.length).toBeGreaterThanOrEqual(turns.length);
    },
  );
});

describe('on the system Postgres', () => {
  test('it plays, and a Ctrl-C that arrives twice ends it cleanly', { timeout: 300_000 }, async (context) => {
    const missing = await bringSystemPostgres();
    if (missing) context.skip(missing);
    const demo = await start({ SILLY_FACE_POSTGRES: '' });
    await demo.facesGuessed(1);
    expect(demo.printed()).toContain('system Postgres');
    await expectNothingLeftAfter(demo, () => {
      // The terminal sends one, npm another.
      demo.signal('SIGINT');
      demo.signal('SIGINT');
    });
  });
});

describe('on a Postgres that was given', () => {
  test(
    'it plays there, kill -9 leaves nothing but that server, it starts again, and ends with its terminal',
    { timeout: 120_000 },
    async () => {
      await using postgres = await startPostgres();
      const demo = await start({ DATABASE_URL: postgres.connectionString });
      await demo.facesGuessed(1);
      await expectNothingSurvives(demo);
      expect((await rows(postgres.connectionString, 'select * from turns')).length).toBeGreaterThanOrEqual(1);
      expect(existsSync(`${folders.data}/postgres`)).toBe(false);

      const again = await start({ DATABASE_URL: postgres.connectionString });
      await again.facesGuessed(1);
      await expectNothingLeftAfter(again, () => again.signal('SIGHUP'));
    },
  );
});

test('when nobody reads what it prints any more, it ends as by Ctrl-C', { timeout: 120_000 }, async () => {
  const demo = await start();
  await demo.facesGuessed(1);
  await expectNothingLeftAfter(demo, () => demo.stopReading());
});

describe('a start that cannot succeed', () => {
  test(
    'a port that is taken is named, the exit code is 1, and nothing is left',
    { timeout: 120_000 },
    async () => {
      await using postgres = await startPostgres();
      const demo = await start({ DATABASE_URL: postgres.connectionString, PORT: String(postgres.port) });
      expect((await demo.ended)[0]).toBe(1);
      expect(demo.printed()).toContain(String(postgres.port));
      expect(demo.processes()).toEqual([]);
    },
  );

  test(
    'a database that is not there is named, the exit code is 1, and nothing is left',
    { timeout: 120_000 },
    async () => {
      const port = await freePort();
      const demo = await start({
        DATABASE_URL: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
        MIGRATE_PATIENCE_MS: '2000',
      });
      expect((await demo.ended)[0]).toBe(1);
      expect(demo.printed()).toContain('migrate');
      expect(demo.printed()).not.toContain('secret');
      expect(demo.processes()).toEqual([]);
      expect(await isPortFree(demo.port, '127.0.0.1')).toBe(true);
    },
  );

  test.each([
    [{ PORT: 'abc' }, 'Expected PORT to be a port number'],
    [{ METRICS_PORT: '65535' }, 'Expected METRICS_PORT to be a port number from 1 to 65534'],
    [{ S3_ENDPOINT: 'http://127.0.0.1:1' }, 'S3_REGION'],
    [{ DATABASE_URL: 'nonsense' }, 'Expected DATABASE_URL to be a URL'],
    [{ SILLY_FACE_DATA: '/dev/null/data' }, 'ENOTDIR'],
  ])('with %j it says why in a line, and exits with 1', async (environment, why) => {
    const demo = await start(environment);
    expect((await demo.ended)[0]).toBe(1);
    expect(demo.printed()).toMatch(/^The backend did not start: .*\n$/);
    expect(demo.printed()).toContain(why);
  });

  test(
    'a data folder that another one uses is refused, and that one goes on',
    { timeout: 120_000 },
    async () => {
      await using postgres = await startPostgres();
      const first = await start({ DATABASE_URL: postgres.connectionString });
      await first.facesGuessed(1);
      const second = await start({ DATABASE_URL: postgres.connectionString });
      expect((await second.ended)[0]).toBe(1);
      expect(second.printed()).toContain(`is in use by process ${first.pid}`);
      await first.facesGuessed(2);
      await expectNothingLeftAfter(first, () => first.signal('SIGTERM'));
    },
  );
});

test(
  'a signal while the database is being made leaves nothing, and exits with 0',
  { timeout: 120_000 },
  async () => {
    const demo = await start();
    const cluster = `${folders.data}/postgres/cluster-18`;
    // On a busy machine the first may have become the second before anybody looks.
    await waitUntil(() => existsSync(`${cluster}.new`) || existsSync(cluster), { what: 'initdb to begin' });
    demo.signal('SIGTERM');
    expect(await demo.ended, demo.printed()).toEqual([0, null]);
    expect(demo.processes()).toEqual([]);
  },
);
