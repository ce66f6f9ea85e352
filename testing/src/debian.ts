import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

// Together they leave time for the installation itself within the 300 s that such a test should have.
const OURS_LIMIT_S = 180;
const OTHERS_LIMIT_S = 60;

/**
 * Brings the Debian package that a test needs, or several, where that can be done: as root, with apt-get. One installation at a
 * time, also among several test runs: a package that another one installs at this moment is waited for. May take minutes.
 *
 * @param isThere asked before, and again after an installation, never during one
 * @returns undefined when the part is there, else the reason why it is not, for `context.skip(reason)`
 */
export async function bringDebianPackage(
  name: string | readonly string[],
  isThere: () => boolean,
): Promise<string | undefined> {
  const names = [name].flat();
  const cannotInstall = await reasonAgainst();
  if (cannotInstall) return isThere() ? undefined : `Not installed: ${names.join(', ')}; ${cannotInstall}`;
  try {
    return await alone(async () => {
      if (isThere()) return undefined;
      await update();
      await aptGet('-o', `DPkg::Lock::Timeout=${OTHERS_LIMIT_S}`, 'install', ...options, ...names);
      return isThere() ? undefined : `Installed ${names.join(', ')}, but what the test needs is not there`;
    });
  } catch (error) {
    return `Could not install ${names.join(', ')}: ${(error as Error).message.trim()}`;
  }
}

const options = ['-qy', '--no-install-recommends'];

async function reasonAgainst(): Promise<string | undefined> {
  if (getuid?.() !== 0) return 'only root can install it';
  try {
    await aptGet('--version');
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is no apt-get';
    throw error;
  }
}

/** Holds a lock meanwhile, which goes with this process, however that ends: then `cat` ends too. */
async function alone<T>(action: () => Promise<T>): Promise<T> {
  const file = join(tmpdir(), 'silly-face-apt-get.lock');
  const script = `exec 9>"$0"; flock -w ${OURS_LIMIT_S} 9 && echo locked && cat`;
  const holder = spawn('sh', ['-c', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(holder, 'close') as Promise<[exitCode: number | null]>;
  // Either way this comes: its one line, or its end without one.
  await once(holder.stdout, 'readable');
  if (holder.stdout.read() === null) {
    const [exitCode] = await closed;
    const reason = exitCode === 1 ? `for ${OURS_LIMIT_S} s others installed theirs` : 'it cannot be locked';
    throw new Error(`${file}: ${reason}`);
  }
  try {
    return await action();
  } finally {
    holder.stdin.end();
    await closed;
  }
}

/** Unlike an installation it cannot be told to wait for those who are at it without our lock. */
async function update(): Promise<void> {
  for (const deadline = Date.now() + OTHERS_LIMIT_S * 1_000; ;) {
    try {
      return await aptGet('update', '-q');
    } catch (error) {
      if (!(error as Error).message.includes('Could not get lock') || Date.now() > deadline) throw error;
    }
    await sleep(500);
  }
}

async function aptGet(...args: string[]): Promise<void> {
  // Its errors are recognised by their text.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  await promisify(execFile)('apt-get', args, { env, maxBuffer: 64 * 1024 * 1024 });
}
