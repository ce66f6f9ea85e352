import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '@silly-face/testing';
import type { Program } from '../program.ts';
import type { Candidate } from './candidate.ts';

/** The words of pm2's own configuration. */
export interface Pm2Options {
  exec_mode?: 'fork' | 'cluster';
  instances?: number;
  wait_ready?: boolean;
  listen_timeout?: number;
  kill_timeout?: number;
  log_type?: 'json';
}

export interface Pm2 extends Candidate {
  /** With this exit code. */
  reload(): Promise<number>;
}

/** pm2 with a home and so a daemon of its own. */
export async function pm2(programs: readonly Program[], options: Pm2Options = {}): Promise<Pm2> {
  const home = mkdtempSync(join(tmpdir(), 'bench-pm2-'));
  const run = (...args: string[]): Promise<number> => command(home, args);
  let pid: number | undefined;
  const stop = async (): Promise<void> => {
    if (pid === undefined || isAlive(pid)) await run('kill');
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const file = join(home, 'apps.json');
    writeFileSync(file, JSON.stringify({ apps: programs.map((program) => app(program, options)) }));
    const code = await run('start', file);
    if (code !== 0) throw new Error(`pm2 start ended with ${code}`);
    pid = Number(readFileSync(join(home, 'pm2.pid'), 'utf8'));
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid, stop, reload: () => run('reload', 'all') };
}

function app({ name, run, env, restarts, logFile }: Program, options: Pm2Options): Record<string, unknown> {
  return {
    name,
    ...('script' in run
      ? { script: run.script }
      : { script: run.command[0], args: run.command.slice(1), interpreter: 'none' }),
    env,
    autorestart: restarts,
    max_restarts: 1_000_000,
    ...(logFile !== undefined && { out_file: logFile, merge_logs: true }),
    ...options,
  };
}

const program = join(dirname(createRequire(import.meta.url).resolve('pm2/package.json')), 'bin/pm2');

function command(home: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PM2_HOME: home };
    execFile(process.execPath, [program, ...args], { env, timeout: LIMIT_MS }, (error) => {
      if (!error) resolve(0);
      else if (typeof error.code === 'number') resolve(error.code);
      else reject(new Error(`pm2 ${args.join(' ')}: ${error.message}`, { cause: error }));
    });
  });
}

const LIMIT_MS = 60_000;
