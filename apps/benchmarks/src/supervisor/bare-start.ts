import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@silly-face/testing';
import { probe } from './probe.ts';
import { commandLine, webApplication } from './program.ts';

/** The floor of every restart: from the spawn of the application, with nobody around it, to its first answer. */
export async function bareStart(env: Readonly<Record<string, string>>): Promise<number> {
  const port = await freePort();
  const program = webApplication(port, env);
  const [file, ...args] = commandLine(program);
  const start = performance.now();
  const child = spawn(file, args, { env: { ...process.env, ...program.env }, stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    return await firstAnswer(port, start);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function firstAnswer(port: number, start: number): Promise<number> {
  let answeredMs: number | undefined;
  const send = async (): Promise<void> => {
    if ('pid' in (await probe(port))) answeredMs ??= performance.now() - start;
  };
  while (answeredMs === undefined) {
    if (performance.now() - start > LIMIT_MS)
      throw new Error(`The application alone did not answer within ${LIMIT_MS} ms`);
    void send();
    await sleep(2);
  }
  return answeredMs;
}

const LIMIT_MS = 60_000;
