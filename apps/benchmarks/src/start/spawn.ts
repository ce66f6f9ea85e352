import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { bareEnvironment, startPostgres } from '@silly-face/testing';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row } from '../harness/row.ts';
import { backendFile } from './backend-file.ts';

const BARE = ['-e', 'process.send("ready")'];
const LIMIT_MS = 60_000;

/** From the spawn of one process of the backend to its word that it is ready, beside a Node that has nothing else to do. */
export async function measureSpawn(name: 'api' | 'party', { quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 2 : 15;
  log(`start: ${rounds} × ${name} and as many bare ones`);
  await using postgres = await startPostgres();
  const env = environment(postgres.connectionString);
  await ended(backendFile('processes/migrate.js'), env);
  const script = [backendFile(`processes/${name}.js`)];
  const samples = await interleave(
    { ours: () => secondsToReady(script, env), 'bare node': () => secondsToReady(BARE, {}) },
    rounds,
  );
  return [
    medianRow(samples, {
      dimension: `from the spawn of one ${name} process to its word that it is ready`,
      unit: 's',
      better: 'lower',
      against: 'bare node',
      goalValue: 1,
    }),
  ];
}

async function secondsToReady(args: readonly string[], env: Record<string, string>): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const closed = once(child, 'close');
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  try {
    const first: unknown = await Promise.race([
      once(child, 'message').then(([message]: unknown[]) => message),
      closed,
    ]);
    if (first !== 'ready') throw new Error(`${args.join(' ')} ended before it was ready`);
    return (performance.now() - begun) / 1_000;
  } finally {
    clearTimeout(limit);
    // In order: a party process is to leave the directory.
    child.kill('SIGTERM');
    await closed;
  }
}

async function ended(script: string, env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [script], {
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}

/** Nobody asks for a photo, so that nothing needs the storage. */
function environment(databaseUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_REGION: 'us-east-1',
    S3_BUCKET: 'bench',
    S3_ACCESS_KEY_ID: 'bench',
    S3_SECRET_ACCESS_KEY: 'bench',
    LOG_LEVEL: 'warn',
    PORT: '0',
    PARTY_NAME: 'party-1',
    PARTY_PORT: '0',
    PARTY_WEB_SOCKET_PORT: '0',
  };
}
