import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Program {
  /** The heading it stands under, with a number where one heading has several. */
  title: string;
  code: string;
}

export interface ProgramResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The ```js blocks of a package's README.md: each is a complete program. `packageRoot` ends in a slash. */
export function readmePrograms(packageRoot: URL): Program[] {
  const programs: Program[] = [];
  let heading = '';
  for (const [, title, code] of readFileSync(new URL('README.md', packageRoot), 'utf8').matchAll(
    /^#+ (.+)$|^```js\n([\s\S]*?)^```$/gm,
  )) {
    if (title) heading = title;
    else if (code) programs.push({ title: `${heading} (${programs.length + 1})`, code });
  }
  return programs;
}

/** Runs a program as a user's file in the package's folder, where the package's name leads to its build. */
export async function runProgram(
  packageRoot: URL,
  code: string,
  {
    env = {},
    args = [],
    timeoutMs = 60_000,
  }: { env?: Record<string, string>; args?: string[]; timeoutMs?: number } = {},
): Promise<ProgramResult> {
  const directory = new URL('.readme/', packageRoot);
  mkdirSync(directory, { recursive: true });
  const file = new URL(`${process.pid}-${Math.random().toString(36).slice(2)}.mjs`, directory);
  writeFileSync(file, code);
  try {
    const child = spawn(process.execPath, [fileURLToPath(file), ...args], {
      cwd: fileURLToPath(packageRoot),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { exitCode, signal, stdout, stderr };
  } finally {
    rmSync(file);
    removeIfEmpty(directory);
  }
}

function removeIfEmpty(directory: URL): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    // Another program runs from the same folder.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
