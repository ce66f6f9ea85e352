import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { basename, dirname, join } from 'node:path';
import { reachableDirectory } from '@silly-face/postgres-local';
import { nginxAccount } from '../nginx/account.ts';
import { findNginx, type InstalledNginx, unfit } from '../nginx/find-nginx.ts';
import { NGINX_FILES, type NginxPlan } from '../nginx/plan.ts';
import { quoted } from '../nginx/quoted.ts';
import { type NginxSettings, readNginxSettings } from '../nginx/settings.ts';

export interface NginxService {
  /** For a person, in a few words. */
  description: string;
  plan: NginxPlan;
}

export interface NginxChoice {
  readonly forced?: boolean | undefined;
  readonly find?: typeof findNginx;
  readonly passedOver?: (reason: string) => void;
}

export interface NginxToUse {
  program: InstalledNginx;
  settings: NginxSettings;
}

/**
 * SILLY_FACE_NGINX: `auto`, which is where it is installed, `on` or `off`. `forced` is `on`; `passedOver` hears why `auto` does
 * without one that is there.
 *
 * @throws when there has to be one and is none
 */
export function nginxInstalled(
  environment: NodeJS.ProcessEnv,
  { forced = false, find = findNginx, passedOver }: NginxChoice = {},
): NginxToUse | undefined {
  const settings = readNginxSettings(environment);
  const mode = forced ? 'on' : settings.mode;
  if (mode === 'off') return undefined;
  const program = find(environment);
  const trouble = program ? unfit(program) : 'there is none on the PATH or in /usr/sbin';
  if (program && trouble === undefined) return { program, settings };
  if (mode === 'on')
    throw new Error(
      `nginx is to be in front, and ${trouble}: install one, or leave out --nginx and SILLY_FACE_NGINX=on`,
    );
  if (program) passedOver?.(`Without nginx: ${trouble}`);
  return undefined;
}

/** Its folder, which it has for itself, and all else that is decided before the process table. */
export async function nginxService(
  { program, settings }: NginxToUse,
  { host, port, directory }: { host: string; port: number; directory: string },
): Promise<NginxService> {
  const account = nginxAccount();
  // As for Postgres, when only root may enter the data folder.
  const folder = account ? join(reachableDirectory(dirname(directory)), basename(directory)) : directory;
  refuseLongPath(join(folder, NGINX_FILES.apiSocket));
  mkdirSync(folder, { recursive: true });
  if (account) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o700);
  const { address } = await lookup(host);
  return {
    description: `nginx ${program.version} in front${account ? `, as ${account.name}` : ''}`,
    plan: { program, settings, address, port, folder, account },
  };
}

/** What a unix socket may be called is short, and the system would cut it. */
function refuseLongPath(path: string): void {
  quoted(path);
  // With room for `-9999` and the end of the string.
  if (Buffer.byteLength(path) > 102)
    throw new Error(
      `The data folder's path is too long for the sockets behind nginx (${path}): choose another with SILLY_FACE_DATA, or SILLY_FACE_NGINX=off`,
    );
}
