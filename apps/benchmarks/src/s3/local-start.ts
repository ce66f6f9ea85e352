import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, limitRow, type Row } from '../harness/row.ts';

/** From the start of `s3-local` to its readiness message, which is when it serves. */
export async function measureLocalStart({ quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 2 : 9;
  log(`s3: ${rounds} starts of s3-local`);
  await start();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await start());
  const dimension = '`s3-local` from its start to its readiness message';
  return [limitRow(times, { dimension, unit: 'ms', better: 'lower', limit: 300 })];
}

async function start(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-s3-local-'));
  const program = fileURLToPath(new URL('cli.js', import.meta.resolve('@silly-face/s3-local')));
  const env = { ...process.env, S3_LOCAL_ACCESS_KEY_ID: 'key', S3_LOCAL_SECRET_ACCESS_KEY: 'secret' };
  const begun = performance.now();
  const child = fork(program, [directory], {
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  try {
    const ready = once(child, 'message').then(() => performance.now() - begun);
    const failed = exited.then(([code]) => Promise.reject(new Error(`s3-local exited with ${code}`)));
    return await Promise.race([ready, failed]);
  } finally {
    child.kill();
    await exited;
    rmSync(directory, { recursive: true });
  }
}
