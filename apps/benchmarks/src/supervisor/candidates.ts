import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The application under one supervisor, listening on its port soon after the start. */
export interface Candidate {
  stop(): Promise<void>;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A supervisor that is a script of ours beside this file. */
export function script(file: string, port: number): Candidate {
  const child: ChildProcess = spawn(process.execPath, [here(file)], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** pm2 in fork mode, with a home and so a daemon of its own. */
export async function pm2(port: number): Promise<Candidate> {
  const home = mkdtempSync(join(tmpdir(), 'bench-pm2-'));
  const command = join(dirname(createRequire(import.meta.url).resolve('pm2/package.json')), 'bin/pm2');
  const run = (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [command, ...args], {
      env: { ...process.env, PM2_HOME: home, PORT: String(port), LISTEN_FDS: '' },
    });
  await run('start', here('app.js'), '--name', 'app', '--max-restarts', '1000000');
  return {
    async stop() {
      await run('kill');
      rmSync(home, { recursive: true, force: true });
    },
  };
}
