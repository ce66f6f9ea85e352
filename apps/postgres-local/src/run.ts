import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dieWithParent } from './die-with-parent.ts';
import { PostgresLocalError } from './errors.ts';
import { type PostgresOptions, type PreparedPostgres, preparePostgres } from './prepare.ts';

export interface RunningPostgres extends PreparedPostgres {
  pid: number;
  /** Ends it: `SIGINT` cuts connections and closes cleanly, `SIGKILL` is a crash. Resolves when it is gone. */
  stop(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>;
}

/**
 * Prepares and starts a server that belongs to this process, for tests and benchmarks; a supervisor runs what
 * `preparePostgres` answers by itself.
 *
 * @throws {PostgresLocalError} those of `preparePostgres` and `POSTGRES_START_FAILED`
 */
export async function runPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const prepared = await preparePostgres(options);
  const { command, args, user } = prepared;
  const [file, ...rest] = [...dieWithParent(), command, ...args];
  const child = spawn(file as string, rest, {
    cwd: '/',
    ...(user && { uid: user.uid, gid: user.gid }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  await ready(child.stderr, ended, command);
  return {
    ...prepared,
    pid: child.pid as number,
    async stop(signal = 'SIGINT') {
      child.kill(signal);
      await ended;
    },
  };
}

function ready(stderr: NodeJS.ReadableStream, ended: Promise<unknown>, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    let isReady = false;
    // It goes on reading after the start: a server whose log nobody reads comes to a halt.
    stderr.on('data', (chunk: Buffer) => {
      if (isReady) return;
      output += chunk.toString();
      isReady = output.includes('database system is ready to accept connections');
      if (isReady) resolve();
    });
    void ended.then(() =>
      reject(
        new PostgresLocalError(
          'POSTGRES_START_FAILED',
          `Start ${command}: it ended before it was ready\n${output.trim()}`,
        ),
      ),
    );
  });
}
