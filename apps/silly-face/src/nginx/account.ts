import { readFileSync } from 'node:fs';

/** Somebody without rights, as this machine knows them. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** As who nginx runs: as us, unless we are root; then as the web server's own user, else as nobody. */
export function nginxAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['www-data', 'nginx', 'nobody']) {
    const found = accounts.find((fields) => fields[0] === name);
    if (found) return { name, uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error('nginx is not run as root, and this machine has no user www-data, nginx or nobody');
}
