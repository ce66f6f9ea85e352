// A child with children of its own, for the death of its supervisor. MARK is in the environment of each, with its kind.
//
// BLOCKED: its event loop stands still as soon as they run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Kind, marked } from './kinds.ts';

const mark = process.env.MARK ?? '';

async function beget(kind: Kind, detached: boolean): Promise<void> {
  const env = { ...process.env, MARKED: marked(mark, kind) };
  await once(spawn('sleep', ['600'], { env, stdio: 'ignore', detached }), 'spawn');
}

await beget('grandchild', false);
await beget('grandchild in a session of its own', true);
if (process.env.BLOCKED) for (;;);
setInterval(() => {}, 60_000);
