import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@silly-face/postgres-local';
import { ChildServer } from './child-server.ts';
import { bringDebianPackage } from './debian.ts';

export interface TestRedis extends AsyncDisposable {
  url: string;
  port: number;
  /** Undefined while it is stopped. */
  readonly pid: number | undefined;
  /** The data stay: `start` brings them back on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** It stands still, and its sockets stay open. */
  freeze(): void;
  thaw(): void;
}

/** Brings Redis as `bringDebianPackage` does: undefined when it is there, else why it is not. */
export function bringRedis(): Promise<string | undefined> {
  return bringDebianPackage('redis-server', () => spawnSync('redis-server', ['--version']).status === 0);
}

/** A Redis with a folder of its own, which has on disk what it has answered; on 127.0.0.1 unless another address is given. */
export async function startRedis({ host = '127.0.0.1' }: { host?: string } = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'silly-face-redis-'));
  const port = await freePort();
  let server: ChildServer | undefined;
  const signal = (name: NodeJS.Signals): void => {
    if (server?.pid !== undefined) process.kill(server.pid, name);
  };
  const stop = async (): Promise<void> => {
    signal('SIGCONT');
    const running = server;
    server = undefined;
    await running?.stop();
  };
  const start = async (): Promise<void> => {
    server ??= await run(directory, host, port);
  };
  const dispose = async (): Promise<void> => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url: `redis://${host}:${port}`,
    port,
    get pid() {
      return server?.pid;
    },
    stop,
    start,
    async restart() {
      await stop();
      await start();
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    [Symbol.asyncDispose]: dispose,
  };
}

async function run(directory: string, host: string, port: number): Promise<ChildServer> {
  const log = join(directory, 'redis.log');
  const settings = {
    port: String(port),
    bind: host,
    // Of the tests' own networks nobody is kept out.
    'protected-mode': 'no',
    dir: directory,
    logfile: log,
    daemonize: 'no',
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = new ChildServer({ command: 'redis-server', args, endSignal: 'SIGTERM' });
  try {
    await ChildServer.untilReady([server], () => answers(host, port), {
      what: `Redis to answer on port ${port}`,
    });
    return server;
  } catch (error) {
    await server.stop();
    const words = `${ChildServer.lastWords([server])}\n${read(log)}`;
    throw new Error(`Start Redis: ${(error as Error).message}\n${words}`, { cause: error });
  }
}

/** While it still reads its file it answers otherwise. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'));
    socket.setEncoding('latin1').once('data', (answer: string) => {
      socket.destroy();
      resolve(answer.startsWith('+PONG'));
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // It did not come so far.
  }
}
