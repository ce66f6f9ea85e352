import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** An nginx that is installed here. */
export interface InstalledNginx {
  readonly path: string;
  /** Such as 1.22.1. */
  readonly version: string;
  /** Words of its own on how it was built. */
  readonly built: string;
}

/** On the PATH, or where it is installed though not on everybody's PATH. Undefined when there is none that runs. */
export function findNginx(environment: NodeJS.ProcessEnv): InstalledNginx | undefined {
  const folders = [...(environment.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const path of folders.filter(Boolean).map((folder) => join(folder, 'nginx'))) {
    const found = isExecutable(path) ? ask(path) : undefined;
    if (found) return found;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function ask(path: string): InstalledNginx | undefined {
  const { stderr } = spawnSync(path, ['-V'], { encoding: 'utf8', timeout: 10_000 });
  const version = /nginx\/(\d+\.\d+\.\d+)/.exec(stderr ?? '')?.[1];
  return version === undefined ? undefined : { path, version, built: stderr };
}

/** Whether it is at least that one: numbers, most significant first. */
export function isAtLeast({ version }: Pick<InstalledNginx, 'version'>, wanted: readonly number[]): boolean {
  const has = version.split('.').map(Number);
  const different = wanted.findIndex((number, index) => has[index] !== number);
  return different === -1 || (has[different] ?? 0) > (wanted[different] ?? 0);
}

/** Why it cannot be in front of the backend; undefined when it can. */
export function unfit(program: InstalledNginx): string | undefined {
  const { path, version, built } = program;
  // The option that leaves its own log alone is as old as that.
  if (!isAtLeast(program, OLDEST)) return `${path} is nginx ${version}, and ${OLDEST.join('.')} is needed`;
  if (!built.includes('--with-http_realip_module')) return `${path} was built without http_realip_module`;
  return undefined;
}

const OLDEST = [1, 19, 5];
