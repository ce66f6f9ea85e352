import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The words to put before a command so that the kernel itself sends it `signal` when the supervisor dies, also while its event
 * loop is blocked. Empty where util-linux's setpriv is missing: there the watchdog is alone.
 */
export async function deathSignalLauncher(signal: NodeJS.Signals): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  setprivWorks ??= promisify(execFile)('setpriv', ['--pdeathsig', 'KILL', '--', 'true']).then(
    () => true,
    () => false,
  );
  return (await setprivWorks) ? ['setpriv', '--pdeathsig', signal.slice(3), '--'] : [];
}

let setprivWorks: Promise<boolean> | undefined;

/**
 * The words that give a program its own process id as LISTEN_PID, as systemd does: `sh` becomes the program, id and all. Scripts
 * for Node.js do without, our preload sets it: some shells drop variables whose names they dislike.
 */
export const listenPidLauncher = ['/bin/sh', '-c', 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', 'sh'];
