// Passwords and keys come from the environment, and are seen nowhere else.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createS3Local } from '@silly-face/s3-local';
import { bringNginx, bringRedis, startPostgres, startRedis, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { runCli } from './cli/run-cli.ts';
import { type Demo, demoFolders, runDemo } from './demo/run-demo.ts';
import { startSink } from './mail/sink.ts';

test(
  'those that are given are in no argument, file, log, status or mail, and in the environment of those alone who need them',
  { timeout: 400_000 },
  async (context) => {
    const noRedis = await bringRedis();
    if (noRedis) context.skip(noRedis);
    const folders = demoFolders();
    const s3Secret = 'sEcretOfTheStorage';
    const smtpPassword = 'sEcret@ofTheMail';
    const redisPassword = 'sEcretOfTheRooms';
    await using postgres = await startPostgres();
    await using redis = await startRedis();
    await using sink = await startSink({
      authOptional: false,
      onAuth: ({ password }, _session, done) =>
        password === smtpPassword ? done(null, { user: 'backend' }) : done(new Error(`not ${password}`)),
    });
    const s3 = await createS3Local({
      directory: join(folders.temporary, 's3'),
      credentials: { accessKeyId: 'tester', secretAccessKey: s3Secret },
      buckets: ['faces'],
      port: 0,
    });
    const encoded = encodeURIComponent(smtpPassword);
    const given = {
      DATABASE_URL: postgres.connectionString,
      // A user who needs no password may give any.
      REDIS_URL: `redis://default:${redisPassword}@127.0.0.1:${redis.port}`,
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: 'us-east-1',
      S3_BUCKET: 'faces',
      S3_ACCESS_KEY_ID: 'tester',
      S3_SECRET_ACCESS_KEY: s3Secret,
      SMTP_URL: `smtp://backend:${encoded}@127.0.0.1:${sink.port}`,
      MAIL_TO: 'owner@example.com',
      MAIL_WINDOW_MS: '1000',
      METRICS_TOKEN: 'sEcretOfTheMetrics',
      LOG_LEVEL: 'trace',
    };
    const secrets = [
      new URL(postgres.connectionString).password,
      s3Secret,
      redisPassword,
      smtpPassword,
      encoded,
      given.METRICS_TOKEN,
    ];
    const backend = await runDemo(folders, given, 'silly-face start');
    try {
      await started(backend);
      const [crashing = 0] = [...backend.printed().matchAll(/api-1 \((\d+)\): ready/g)].map(([, pid]) =>
        Number(pid),
      );
      process.kill(crashing, 'SIGKILL');
      const crash = await sink.mail('api-1 crashed');
      expect(crash.text).toMatch(/^signal: +SIGKILL$/m);
      await sink.mail('api-1 has recovered');
      // Errors, too, keep them for themselves.
      await postgres.stop();
      const answer = await fetch(`http://127.0.0.1:${backend.port}/me`, {
        headers: { authorization: 'Bearer nobody' },
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect((await runCli(folders.data, 'deploy')).code).toBe(1);

      const family = backend.processes();
      const seen = {
        arguments: family.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1')).join('\n'),
        files: contents(folders.data),
        printed: backend.printed(),
        status: (await runCli(folders.data, 'status', '--json')).stdout,
        logs: (await runCli(folders.data, 'logs', '-n', '1000')).stdout,
        mails: JSON.stringify(sink.mails),
        answer: await answer.text(),
      };
      for (const [where, text] of Object.entries(seen))
        for (const secret of secrets)
          expect(text.includes(secret), `${secret} in ${where}:\n${text}`).toBe(false);
      const party = [secrets[0], redisPassword, given.METRICS_TOKEN];
      const api = [...party, s3Secret];
      const { children } = JSON.parse(seen.status) as { children: { name: string; pid?: number }[] };
      const needed = new Map<number | undefined, unknown[]>([
        ...children.map(({ name, pid }) => [pid, name.startsWith('api') ? api : party] as const),
        [backend.pid, [...api, encoded]],
      ]);
      for (const pid of family) {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        const known = secrets.filter((secret) => environment.includes(secret));
        expect(new Set(known), `process ${pid}`).toEqual(new Set(needed.get(pid)));
      }
    } finally {
      await end(backend);
      await s3.close();
      folders.remove();
    }
  },
);

test(
  'those of embedded services are in files that only their owner may read',
  { timeout: 180_000 },
  async () => {
    const folders = demoFolders();
    const backend = await runDemo(folders, {}, 'silly-face start');
    try {
      await started(backend);
      const [api = 0] = [...backend.printed().matchAll(/api-1 \((\d+)\): ready/g)].map(([, pid]) =>
        Number(pid),
      );
      const environment = Object.fromEntries(
        readFileSync(`/proc/${api}/environ`, 'utf8')
          .split('\0')
          .map((entry) => /^([^=]*)=([^]*)$/.exec(entry)?.slice(1) ?? []),
      ) as Record<string, string>;
      const secrets = [
        new URL(environment['DATABASE_URL'] ?? '').password,
        environment['S3_SECRET_ACCESS_KEY'] ?? '',
      ];
      const status = await runCli(folders.data, 'status', '--json');
      for (const secret of secrets) {
        expect(secret.length).toBeGreaterThan(10);
        expect(backend.printed()).not.toContain(secret);
        expect(status.stdout).not.toContain(secret);
        for (const pid of backend.processes())
          expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).not.toContain(secret);
        const holding = files(folders.data).filter((file) => readFileSync(file, 'latin1').includes(secret));
        expect(holding).not.toEqual([]);
        expect(holding.filter((file) => (statSync(file).mode & 0o077) !== 0)).toEqual([]);
      }
    } finally {
      await end(backend);
      folders.remove();
    }
  },
);

test(
  'none of them is in the environment of embedded services, of bots or of nginx',
  { timeout: 180_000 },
  async (context) => {
    const noNginx = await bringNginx();
    if (noNginx) context.skip(noNginx);
    const folders = demoFolders();
    const given = {
      METRICS_TOKEN: 'sEcretOfTheMetrics',
      S3_SECRET_ACCESS_KEY: 'sEcretOfTheStorage',
      PGPASSWORD: 'sEcretOfPg',
    };
    const backend = await runDemo(folders, { ...given, SILLY_FACE_NGINX: 'on' });
    try {
      await waitUntil(() => backend.printed().includes('guesses'), { what: 'a guess', timeoutMs: 60_000 });
      const knowing = backend
        .processes()
        .filter((pid) => /sEcret|postgres:\/\//.test(readFileSync(`/proc/${pid}/environ`, 'latin1')))
        .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').match(/(\w+)\.js/)?.[1] ?? String(pid));
      expect(knowing.toSorted()).toEqual(['api', 'api', 'demo', 'party', 'party']);
    } finally {
      await end(backend);
      folders.remove();
    }
  },
);

async function started(backend: Demo): Promise<void> {
  await waitUntil(() => backend.printed().includes('The API is at'), {
    what: 'the start',
    timeoutMs: 60_000,
  });
}

async function end(backend: Demo): Promise<void> {
  backend.signal('SIGTERM');
  await backend.ended;
  for (const pid of backend.processes()) process.kill(pid, 'SIGKILL');
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function contents(folder: string): string {
  return files(folder)
    .map((file) => readFileSync(file, 'latin1'))
    .join('\n');
}
