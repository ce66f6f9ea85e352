import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { freePort, newcomersEnvironment, processesMarked } from '@silly-face/testing';

/** Runs `npm run demo` in a clone until the first move of the game, and ends it. Resolves to the seconds until that move. */
export async function firstMove(clone: string, home: string): Promise<number> {
  const mark = randomUUID();
  const env = {
    ...newcomersEnvironment(),
    HOME: home,
    PORT: String(await freePort()),
    SILLY_FACE_POSTGRES: 'embedded',
    FIRST_MOVE: mark,
  };
  const begun = performance.now();
  const demo = spawn('npm', ['run', 'demo'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(demo, 'close');
  const limit = setTimeout(() => demo.kill('SIGTERM'), LIMIT_MS);
  let printed = '';
  let seconds: number | undefined;
  const read = (chunk: Buffer): void => {
    printed += chunk.toString();
    if (seconds !== undefined || !MOVE.test(printed)) return;
    seconds = (performance.now() - begun) / 1_000;
    demo.kill('SIGTERM');
  };
  for (const output of [demo.stdout, demo.stderr]) output.on('data', read);
  try {
    await closed;
  } finally {
    clearTimeout(limit);
    for (const pid of processesMarked(`FIRST_MOVE=${mark}`)) process.kill(pid, 'SIGKILL');
  }
  if (seconds === undefined) throw new Error(`The demo ended without a move:\n${printed}`);
  return seconds;
}

const MOVE = /sends a silly face|guesses "/;
const LIMIT_MS = 600_000;
