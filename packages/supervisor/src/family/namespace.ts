import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { nowMs } from '../clock.ts';
import { SupervisorError } from '../errors.ts';
import { readProcessFile, readStat } from '../proc.ts';
import type { Account } from '../run/account.ts';

/**
 * The words to put before a command so that it gets a process namespace of its own, out of which nothing can escape: the kernel
 * ends all that is inside when the command ends, or when `unshare` does, whatever it did to its session or its environment.
 *
 * ```
 * supervisor ── unshare ┊ sh (process 1 inside) ── the command
 *                       ┊                          └─ what it starts
 * ```
 *
 * A session of its own begins at process 1, so that signals for the command and its group pass `unshare` by, which most of them
 * would end. @throws SupervisorError `SPAWN_FAILED` where the kernel or a container does not permit it
 */
export async function namespaceLauncher(child: string, account: Account | undefined): Promise<string[]> {
  checked ??= tryOut();
  const reason = await checked;
  if (reason !== undefined) {
    const message = `Child "${child}" cannot have a namespace of its own: ${reason}`;
    throw new SupervisorError('SPAWN_FAILED', message, { child });
  }
  return [...unshareWords(), '/bin/sh', '-c', firstProcess, 'supervisor-init', ...accountWords(account)];
}

/** The processes of a namespace that somebody outside has to know, by their ids outside. */
export interface NamespaceProcesses {
  /** Process 1 inside, and leader of the group that the command is in. */
  readonly first: number;
  readonly command: number;
}

/** Waits until the command runs. Undefined when `hasEnded` says before that that it never will. */
export async function findInside(
  unshare: number,
  hasEnded: () => boolean,
): Promise<NamespaceProcesses | undefined> {
  while (!hasEnded()) {
    const first = firstChild(unshare);
    const command = first === undefined ? undefined : firstChild(first);
    // Just after the fork it is still the shell, which could swallow a signal.
    if (first !== undefined && command !== undefined && !runTheSame(first, command)) {
      return { first, command };
    }
    await sleep(POLL_MS);
  }
  return undefined;
}

/** Resolves when process 1 has ended: by then the kernel has ended everything else inside. */
export async function namespaceEnds(first: number, limitMs: number): Promise<void> {
  for (const deadline = nowMs() + limitMs; nowMs() < deadline; await sleep(POLL_MS)) {
    // A zombie, or gone.
    if (/^[ZX]?$/.test(readStat(first)?.state ?? '')) return;
  }
}

// The whole way takes 5 ms; nobody tells us of its end.
const POLL_MS = 1;

/**
 * What process 1 runs: the command in the foreground, which unlike one in the background keeps all its signals. Meanwhile the
 * shell buries whoever is orphaned inside. Signals for the group reach it too, but process 1 is spared those that it does not
 * handle; of itself a shell only handles SIGINT, by which it would end before the command has. What it says about a command that
 * a signal ended is not for the output of the child, so its own standard error goes, if there is a descriptor to keep the other
 * one in.
 */
const firstProcess = `trap : INT
if [ -e /proc/self/fd/9 ]; then ("$@"); else exec 9>&2 2>/dev/null; (exec 2>&9 9>&-; exec "$@"); fi
exit $?`;

function unshareWords(): string[] {
  return [
    'unshare',
    ...(process.getuid?.() === 0 ? [] : ['--user', '--map-current-user']),
    '--pid',
    '--fork',
    '--kill-child=KILL',
    // Inside, /proc has to show the numbers of inside; what is mounted outside later still arrives.
    '--mount-proc',
    '--propagation',
    'slave',
    '--',
    'setsid',
  ];
}

/** Only root comes here with an account: its process 1 stays root's, so that the child cannot touch it. */
function accountWords(account: Account | undefined): string[] {
  if (!account) return [];
  return ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--'];
}

let checked: Promise<string | undefined> | undefined;

/** Why there are no namespaces here. */
async function tryOut(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `${process.platform} has none`;
  if (!existsSync(`/proc/self/${childrenFile(process.pid)}`))
    return 'the kernel does not list the children of a process';
  const [command, ...args] = [...unshareWords(), '/bin/sh', '-c', firstProcess, 'supervisor-init', 'true'];
  try {
    await promisify(execFile)(command, args, { timeout: 10_000 });
    return undefined;
  } catch (error) {
    const { stderr, code, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') return 'there is no `unshare` (util-linux)';
    return stderr?.trim().split('\n', 1)[0] || message;
  }
}

function firstChild(pid: number): number | undefined {
  const [first] = readProcessFile(pid, childrenFile(pid)).split(' ');
  return first ? Number(first) : undefined;
}

function runTheSame(one: number, other: number): boolean {
  return readProcessFile(one, 'cmdline') === readProcessFile(other, 'cmdline');
}

function childrenFile(pid: number): string {
  return `task/${pid}/children`;
}
