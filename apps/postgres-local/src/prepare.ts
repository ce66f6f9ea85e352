import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Binaries, embeddedBinaries, systemBinaries } from './binaries.ts';
import { dieWithParent } from './die-with-parent.ts';
import { PostgresLocalError } from './errors.ts';
import { canEnter } from './reachable.ts';
import { type UnprivilegedUser, unprivilegedUser } from './user.ts';

export interface PostgresOptions {
  /** The folder that holds the cluster, its password and, where needed, the binaries. Made if missing. */
  directory: string;
  /** The port of 127.0.0.1 that the server will listen on. */
  port: number;
  /** Which binaries to use. @default the system's, else the embedded ones */
  source?: 'system' | 'embedded' | undefined;
  /** A folder for the copy of the embedded binaries, to share one copy among clusters. @default `directory` */
  binariesDirectory?: string | undefined;
  /** More settings for the server, as in postgresql.conf. @default {} */
  settings?: Record<string, string> | undefined;
  /** Ends the making of a cluster, which begins anew the next time. */
  signal?: AbortSignal | undefined;
}

/** A cluster that is ready to be started, and how to start it. */
export interface PreparedPostgres {
  command: string;
  args: string[];
  /** Whom to run the command as; undefined: as ourselves. */
  user: UnprivilegedUser | undefined;
  connectionString: string;
  source: 'system' | 'embedded';
  /** Major version of the server. */
  major: number;
}

/**
 * Finds the binaries, makes the cluster if the folder has none, and says how to run the server. A cluster that is already there
 * decides the major version. It starts nothing that lasts.
 *
 * @throws {PostgresLocalError} `POSTGRES_NOT_FOUND`, `POSTGRES_DIRECTORY_UNREACHABLE`, `POSTGRES_INIT_FAILED`
 */
export async function preparePostgres(options: PostgresOptions): Promise<PreparedPostgres> {
  const { directory, port, settings = {}, signal } = options;
  mkdirSync(directory, { recursive: true });
  const user = unprivilegedUser();
  if (!canEnter(directory, user)) {
    throw new PostgresLocalError(
      'POSTGRES_DIRECTORY_UNREACHABLE',
      `Prepare Postgres in ${directory}: user ${user?.name} can't enter that folder; choose one whose parents others may enter`,
    );
  }
  const binaries = chooseBinaries(options);
  const cluster = join(directory, `cluster-${binaries.major}`);
  const passwordFile = join(directory, 'password');
  if (!existsSync(cluster)) await makeCluster({ binaries, directory, cluster, passwordFile, user, signal });
  const password = readFileSync(passwordFile, 'utf8').trim();
  const allSettings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    ...settings,
  };
  return {
    command: join(binaries.directory, 'postgres'),
    args: [
      '-D',
      cluster,
      ...Object.entries(allSettings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    user,
    connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    source: binaries.source,
    major: binaries.major,
  };
}

function chooseBinaries({ directory, source, binariesDirectory = directory }: PostgresOptions): Binaries {
  const existing = existingMajor(directory);
  const fits = (binaries: Binaries | undefined): boolean =>
    binaries !== undefined && (existing ?? binaries.major) === binaries.major;
  const system = source === 'embedded' ? undefined : systemBinaries().find(fits);
  if (system) return system;
  const embedded = source === 'system' ? undefined : embeddedBinaries(binariesDirectory);
  if (embedded && fits(embedded)) return embedded;
  const wanted = `${source ?? 'system or embedded'} Postgres${existing ? ` ${existing}, which made the cluster there` : ''}`;
  throw new PostgresLocalError('POSTGRES_NOT_FOUND', `Prepare Postgres in ${directory}: found no ${wanted}`);
}

function existingMajor(directory: string): number | undefined {
  const majors = readdirSync(directory).flatMap((name) => /^cluster-(\d+)$/.exec(name)?.[1] ?? []);
  return majors.length > 0 ? Math.max(...majors.map(Number)) : undefined;
}

interface NewCluster {
  binaries: Binaries;
  directory: string;
  cluster: string;
  passwordFile: string;
  user: UnprivilegedUser | undefined;
  signal: AbortSignal | undefined;
}

/** Built beside its place and renamed into it, so that a start that was killed in between begins anew. */
async function makeCluster({
  binaries,
  directory,
  cluster,
  passwordFile,
  user,
  signal,
}: NewCluster): Promise<void> {
  const fresh = `${cluster}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  const initPassword = join(directory, 'password.new');
  writeFileSync(initPassword, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  chmodSync(initPassword, 0o600);
  if (user) for (const path of [fresh, initPassword]) chownSync(path, user.uid, user.gid);
  const args = ['-D', fresh, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${initPassword}`];
  const words = [join(binaries.directory, 'initdb'), ...args, '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run([...dieWithParent(), ...words], user, signal);
  renameSync(initPassword, passwordFile);
  renameSync(fresh, cluster);
}

function run(
  words: string[],
  user: UnprivilegedUser | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [command = '', ...args] = words;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, {
      cwd: '/',
      ...(user && { uid: user.uid, gid: user.gid }),
      stdio: ['ignore', 'pipe', 'pipe'],
      // initdb runs servers of its own: the group is told as a whole.
      detached: true,
    });
    const stop = (): void => void (child.pid && process.kill(-child.pid, 'SIGTERM'));
    signal?.addEventListener('abort', stop, { once: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const failed = (why: string, cause?: Error): void => {
      const message = `Run ${words.join(' ')}: ${why}\n${output.trim()}`;
      reject(new PostgresLocalError('POSTGRES_INIT_FAILED', message, { cause }));
    };
    child.on('error', (error) => failed(error.message, error));
    child.on('close', (code, endedBy) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve();
      else failed(endedBy ? `ended by ${endedBy}` : `exit code ${code}`);
    });
  });
}
