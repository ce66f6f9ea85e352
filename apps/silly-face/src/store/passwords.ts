import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Turns } from '../turns.ts';

const COST = { N: 2 ** 15, r: 8, p: 3 };
const KEY_BYTES = 32;

/** Too many passwords came at once: nothing was done with this one. */
export class PasswordsBusy extends Error {
  static {
    this.prototype.name = 'PasswordsBusy';
  }

  readonly code = 'passwords-busy';
}

/**
 * Two at a time in a process: each takes one of the four threads for a quarter of a second, and files, names of hosts and photos want
 * them, too. Who waits as long as this is told to come again while the client, who gives up after ten seconds, still waits, and while
 * there is time left for the database.
 */
const hashing = new Turns(2, {
  patienceMs: 5000,
  late: () => new PasswordsBusy('Too many passwords come at the moment: try again soon'),
});

/**
 * `scrypt$N$r$p$salt$key`, so that the cost can rise and old passwords stay valid.
 *
 * @throws {PasswordsBusy}
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join('$');
}

/**
 * Takes as long without a hash (nobody has that name) as with one: the time does not tell which names exist.
 *
 * @throws {PasswordsBusy}
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, N, r, p, salt, key] = (hash ?? NOBODY).split('$');
  const expected = Buffer.from(key ?? '', 'base64');
  const derived = await derive(password, Buffer.from(salt ?? '', 'base64'), {
    N: Number(N),
    r: Number(r),
    p: Number(p),
  });
  return expected.length === derived.length && timingSafeEqual(expected, derived) && hash !== undefined;
}

const NOBODY = `scrypt$${COST.N}$${COST.r}$${COST.p}$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(KEY_BYTES).toString('base64')}`;

function derive(password: string, salt: Buffer, { N, r, p }: typeof COST): Promise<Buffer> {
  const work = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      // scrypt needs 128 * N * r bytes; Node's default limit of 32 MiB is just too small for that.
      scrypt(password.normalize('NFC'), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
  return hashing.take(work);
}
