import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { bareEnvironment } from '@silly-face/testing';

const script = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `silly-face <arguments>`, for the backend of this data folder. */
export async function runCli(data: string, ...args: string[]): Promise<CliResult> {
  return runCliWith({ SILLY_FACE_DATA: data }, args);
}

/** With these variables, and maybe as it is installed elsewhere. */
export async function runCliWith(
  environment: Record<string, string | undefined>,
  args: readonly string[],
  program = script,
): Promise<CliResult> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...bareEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
