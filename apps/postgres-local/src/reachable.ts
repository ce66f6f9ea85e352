import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type UnprivilegedUser, unprivilegedUser } from './user.ts';

/**
 * A folder that Postgres can work in: `preferred`, made if missing, wherever the user that Postgres will run as can enter it.
 * As root that user is an unprivileged one; below a home of mode 0700 it can't, and then the answer is a folder of its own for
 * each `preferred` in /var/lib/silly-face.
 */
export function reachableDirectory(preferred: string): string {
  const directory = resolve(preferred);
  mkdirSync(directory, { recursive: true });
  const user = unprivilegedUser();
  if (canEnter(directory, user)) return directory;
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  const elsewhere = join('/var/lib/silly-face', `${basename(directory).replace(/^\./, '')}-${hash}`);
  mkdirSync(elsewhere, { recursive: true });
  return elsewhere;
}

/** Asked of the kernel: a process of that user steps into the folder. */
export function canEnter(directory: string, user: UnprivilegedUser | undefined): boolean {
  if (!user) return true;
  return (
    spawnSync('sh', ['-c', 'cd "$1"', 'sh', directory], {
      uid: user.uid,
      gid: user.gid,
      cwd: '/',
      stdio: 'ignore',
    }).status === 0
  );
}
