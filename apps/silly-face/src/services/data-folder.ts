import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reachableDirectory } from '@silly-face/postgres-local';
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
 * below a folder that only root may enter, it is one in /var/lib/silly-face, since Postgres never runs as root. It is ours until
 * this process ends.
 *
 * @throws when another process has it
 */
export function dataFolder(environment: NodeJS.ProcessEnv): DataFolder {
  const path = dataPath(environment);
  const logs = join(path, 'logs');
  mkdirSync(logs, { recursive: true });
  lockFolder(path);
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

/** Also for who has no part in the folder but to speak to the one who has. */
export function controlSocketPath(environment: NodeJS.ProcessEnv): string {
  return join(dataPath(environment), 'control.sock');
}

function dataPath(environment: NodeJS.ProcessEnv): string {
  const wanted = environment.SILLY_FACE_DATA || fileURLToPath(new URL('../../../../.data', import.meta.url));
  return environment.DATABASE_URL ? resolve(wanted) : reachableDirectory(wanted);
}
