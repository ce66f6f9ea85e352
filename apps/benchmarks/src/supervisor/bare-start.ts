import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '@silly-face/testing';
import { Probes } from './probes.ts';
import { commandLine, webApplication } from './program.ts';

/** The floor of every restart: from the spawn of the application, with nobody around it, to its first answer. */
export async function bareStart(env: Readonly<Record<string, string>>): Promise<number> {
  const port = await freePort();
  const program = webApplication(port, env);
  const [file, ...args] = commandLine(program);
  const probes = new Probes(port);
  const child = spawn(file, args, { env: { ...process.env, ...program.env }, stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    await probes.untilAnswered(LIMIT_MS);
    if (probes.answeredMs !== undefined) return probes.answeredMs;
    throw new Error(`The application alone did not answer within ${LIMIT_MS} ms`);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

const LIMIT_MS = 60_000;
