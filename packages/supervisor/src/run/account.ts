import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { SupervisorError } from '../errors.ts';

/** Whom a child runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
}

/** Finds a user by name or number, with the primary group. Throws `USER_NOT_FOUND`. */
export async function findAccount(user: string | number, child: string): Promise<Account> {
  const found =
    findIn(await readFile('/etc/passwd', 'utf8').catch(() => ''), user) ??
    findIn(await askNameService(user), user);
  if (found) return found;
  throw new SupervisorError(
    'USER_NOT_FOUND',
    `Child "${child}" is to run as user "${user}", who does not exist`,
    {
      child,
    },
  );
}

function findIn(lines: string, user: string | number): Account | undefined {
  for (const line of lines.split('\n')) {
    const [name = '', , uid = '', gid = '', , home = '/'] = line.split(':');
    if (name !== '' && (name === user || uid === String(user))) {
      return { uid: Number(uid), gid: Number(gid), name, home };
    }
  }
  return undefined;
}

/** Users that are not in /etc/passwd: LDAP and friends. Machines without getent have none that we could find. */
async function askNameService(user: string | number): Promise<string> {
  try {
    return (await promisify(execFile)('getent', ['passwd', '--', String(user)])).stdout;
  } catch {
    return '';
  }
}
