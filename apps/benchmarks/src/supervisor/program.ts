import { fileURLToPath } from 'node:url';

/** What is put under every supervisor, told to each in its own words. */
export interface Program {
  /** Unique among those of one supervisor. */
  name: string;
  /** A Node.js script, by its whole path; or any other program. */
  run: { script: string } | { command: readonly [file: string, ...args: string[]] };
  env?: Readonly<Record<string, string>>;
  /** Where its standard output goes; nowhere if not given. */
  logFile?: string;
  /** What comes after its end: another process, or nothing. */
  restarts: boolean;
}

/** The command line of a program without any supervisor. */
export function commandLine({ run }: Program): readonly [file: string, ...args: string[]] {
  return 'script' in run ? [process.execPath, run.script] : run.command;
}

/** The web application of the benchmarks. */
export function webApplication(port: number, env: Readonly<Record<string, string>> = {}): Program {
  return { name: 'app', run: { script: appScript }, env: { PORT: String(port), ...env }, restarts: true };
}

export const appScript = fileURLToPath(new URL('app.js', import.meta.url));
