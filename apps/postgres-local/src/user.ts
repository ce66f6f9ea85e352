import { spawnSync } from 'node:child_process';

export interface UnprivilegedUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Whom Postgres runs as: it refuses to be root. Nobody else (undefined) where we are not root ourselves; else the system's user
 * `postgres`, made if it is missing, and `nobody` where no user can be made.
 */
export function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = lookUp('postgres');
  if (existing) return existing;
  spawnSync(
    'useradd',
    ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', 'postgres'],
    { stdio: 'ignore' },
  );
  return lookUp('postgres') ?? lookUp('nobody');
}

function lookUp(name: string): UnprivilegedUser | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return status === 0 ? Number(stdout.trim()) : undefined;
  });
  return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
}
