import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The file of the command. */
export const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Runs a program of Node's until it ends. */
export function run(file: string, args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { env: { ...process.env, ...environment } },
      (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}
