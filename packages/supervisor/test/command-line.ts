import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const packageRoot = new URL('../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as {
  bin: { supervisor: string };
};

/** A program in a process of its own, and what it has printed so far. */
export interface ProgramRun {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  stdout(): string;
  stderr(): string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function startCommand(
  args: readonly string[],
  { cwd, env }: { cwd?: string; env?: object } = {},
): ProgramRun {
  return startNode([fileURLToPath(new URL(bin.supervisor, packageRoot)), ...args], {
    cwd,
    env: { ...process.env, ...env },
  });
}

/** A program of Node.js, and what it prints. */
export function startNode(
  args: readonly string[],
  options: { cwd?: string | undefined; env: NodeJS.ProcessEnv },
): ProgramRun {
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  return {
    process: child,
    pid: child.pid ?? 0,
    exited: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    stdout: () => stdout,
    stderr: () => stderr,
  };
}

/** Runs it to its end. */
export async function runCommand(
  args: readonly string[],
  options?: { cwd?: string; env?: object },
): Promise<CommandResult> {
  const run = startCommand(args, options);
  const [code] = await run.exited;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}
