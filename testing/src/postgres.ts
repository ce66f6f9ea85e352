import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, reachableDirectory, runPostgres, type RunningPostgres } from '@silly-face/postgres-local';

export interface TestPostgres extends AsyncDisposable {
  connectionString: string;
  port: number;
  /** Of its first process, the parent of all others; undefined while it is stopped. */
  readonly pid: number | undefined;
  /** Stops the server; the data stay, `start` brings them back on the same port. */
  stop(): Promise<void>;
  /** A crash: SIGKILL. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A throwaway Postgres on 127.0.0.1, the embedded one, that goes with `await using`, or by `[Symbol.asyncDispose]()`. */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'silly-face-postgres-'));
  chmodSync(directory, 0o755); // As root it runs as another user, who must get in.
  const binariesDirectory = reachableDirectory(
    fileURLToPath(new URL('../../node_modules/.cache/silly-face', import.meta.url)),
  );
  const port = await freePort();
  const run = (): Promise<RunningPostgres> =>
    runPostgres({
      directory,
      port,
      source: 'embedded',
      binariesDirectory,
      settings: { fsync: 'off', ...settings },
    });
  let server: RunningPostgres | undefined;
  try {
    server = await run();
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    const running = server;
    server = undefined;
    await running?.stop(signal);
  };
  return {
    connectionString: server.connectionString,
    port,
    get pid() {
      return server?.pid;
    },
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
    async start() {
      server ??= await run();
    },
    async [Symbol.asyncDispose]() {
      await end('SIGINT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
