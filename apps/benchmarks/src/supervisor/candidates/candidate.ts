import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A supervisor in a process of its own, which has been told of its programs. */
export interface Candidate {
  readonly pid: number;
  /** Ends it and what it supervises. One that was killed is none of its business any more. */
  stop(): Promise<void>;
}

/** A supervisor that is a program of ours, and ends with us. */
export function forked(script: string, settings: unknown): Candidate & { child: ChildProcess } {
  const file = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const child = fork(file, [JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return { child, ...foreground(child, script) };
}

/** A supervisor that is another program. */
export function spawned(file: string, args: readonly string[]): Candidate {
  return foreground(spawn(file, args, { stdio: 'ignore' }), file);
}

function foreground(child: ChildProcess, name: string): Candidate {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} cannot be started`);
  const ended = once(child, 'exit');
  return {
    pid,
    async stop() {
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(limit);
    },
  };
}

const STOP_LIMIT_MS = 10_000;
