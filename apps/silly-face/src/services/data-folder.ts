import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reachableDirectory } from '@silly-face/postgres-local';
import { ConfigError } from '../config.ts';
import { lockFolder } from './folder-lock.ts';

export interface DataFolder {
  postgres: string;
  s3: string;
  logs: string;
  /** Where photos wait until they are stored. */
  uploads: string;
  /** Mails that are files. */
  mail: string;
  /** Where the commands find the supervisor. */
  controlSocket: string;
  /** Its configuration, its temporary files, and the sockets behind it. */
  nginx: string;
}

/**
 * The one folder that the embedded services persist in: SILLY_FACE_DATA, else `.data` at the root of the repository. As root,
 * below a folder that only root may enter, their data is in /var/lib/silly-face, since Postgres never runs as root; the control
 * socket stays, so that it is found by who does not know our services. Both are ours until this process ends.
 *
 * @throws when another process has it
 */
export function dataFolder(environment: NodeJS.ProcessEnv): DataFolder {
  const wanted = wantedFolder(environment);
  mkdirSync(wanted, { recursive: true });
  lockFolder(wanted);
  const path = environment.DATABASE_URL ? wanted : reachableDirectory(wanted);
  if (path !== wanted) lockFolder(path);
  const logs = join(path, 'logs');
  mkdirSync(logs, { recursive: true });
  return {
    postgres: join(path, 'postgres'),
    s3: join(path, 's3'),
    logs,
    uploads: join(path, 'uploads'),
    mail: join(path, 'mail'),
    controlSocket: controlSocketPath(environment),
    nginx: join(path, 'nginx'),
  };
}

/** Also for who has no part in the folder but to speak to the one who has: it makes nothing. */
export function controlSocketPath(environment: NodeJS.ProcessEnv): string {
  return join(wantedFolder(environment), 'control.sock');
}

/** Where we are installed, there is no place beside us that would be ours. */
function wantedFolder(environment: NodeJS.ProcessEnv): string {
  if (environment.SILLY_FACE_DATA) return resolve(environment.SILLY_FACE_DATA);
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  if (existsSync(join(root, 'pnpm-workspace.yaml'))) return join(root, '.data');
  throw new ConfigError('Expected SILLY_FACE_DATA to be a folder for the data, and it is not set');
}
