import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { cli } from './run.ts';

export interface Terminal {
  /** All that was written to it so far. */
  output: () => string;
  /** As from the keyboard. */
  type: (text: string) => void;
  exitCode: Promise<number>;
}

/** Why there is no terminal to be had here, or undefined. The `script` of util-linux makes one. */
export async function noTerminal(): Promise<string | undefined> {
  const version = await promisify(execFile)('script', ['--version']).catch(() => ({ stdout: '' }));
  return version.stdout.includes('util-linux') ? undefined : 'there is no `script` of util-linux here';
}

/** The command in a terminal of that many columns. */
export function inTerminal(
  args: string[],
  environment: Record<string, string>,
  { columns = 80 } = {},
): Terminal {
  // The arguments by way of the environment, so that no shell reads them.
  const command = `stty cols ${columns}; exec "$NODE" "$CLI" ${args.map((_, index) => `"$ARG_${index}"`).join(' ')}`;
  const given = Object.fromEntries(args.map((arg, index) => [`ARG_${index}`, arg]));
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...environment, ...given, SHELL: '/bin/sh', NODE: process.execPath, CLI: cli },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exitCode = once(child, 'close').then(([code]) => Number(code));
  return { output: () => output, type: (text) => void child.stdin.write(text), exitCode };
}
