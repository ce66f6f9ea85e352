import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { waitUntil } from './wait-until.ts';

export interface ChildServerOptions {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** What ends it together with all that it started; also sent by the kernel when this process dies. */
  endSignal: 'SIGTERM' | 'SIGKILL';
}

/** A server in the foreground that goes with this process, however that ends. On Linux: elsewhere only by `stop`. */
export class ChildServer {
  readonly pid: number | undefined;
  readonly #child;
  readonly #ended: Promise<void>;
  readonly #command: string;
  readonly #endSignal: NodeJS.Signals;
  #end: string | undefined;
  #words = '';

  constructor({ command, args, env = process.env, endSignal }: ChildServerOptions) {
    this.#command = command;
    this.#endSignal = endSignal;
    const [file, ...rest] = [...dieWithParent(endSignal), command, ...args];
    const child = spawn(file as string, rest, {
      cwd: '/',
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.pid = child.pid;
    // It goes on reading after the start: a server whose log nobody reads comes to a halt.
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-LAST_WORDS);
    });
    this.#ended = once(child, 'close').then(
      ([exitCode, signal]: (number | string | null)[]) =>
        void (this.#end = `it ended with ${exitCode ?? signal}`),
      (error: Error) => void (this.#end = error.message),
    );
  }

  /** @throws when one of the servers has ended, or the time is over */
  static async untilReady(
    servers: readonly ChildServer[],
    isReady: () => Promise<boolean>,
    { what, timeoutMs = 60_000 }: { what: string; timeoutMs?: number },
  ): Promise<void> {
    await waitUntil(
      () => {
        for (const server of servers) server.#assertRunning();
        return isReady();
      },
      { what, timeoutMs, intervalMs: 50 },
    );
  }

  /** What each of them wrote to stderr at last. */
  static lastWords(servers: readonly ChildServer[]): string {
    return servers.map((server) => `${server.#command}: ${server.#words.trim() || 'silent'}`).join('\n');
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#child.kill(this.#endSignal);
    const timer = setTimeout(() => {
      this.#child.kill('SIGKILL');
      this.#child.stderr.destroy(); // A child of its own may still hold it open.
    }, STOP_LIMIT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #assertRunning(): void {
    if (this.#end !== undefined) throw new Error(`${this.#command}: ${this.#end}`);
  }
}

const LAST_WORDS = 16_384;
const STOP_LIMIT_MS = 10_000;

/** The words to put before a command. Linux with util-linux only. */
function dieWithParent(signal: 'SIGTERM' | 'SIGKILL'): string[] {
  available ??=
    process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0;
  return available ? ['setpriv', '--pdeathsig', signal.slice('SIG'.length)] : [];
}

let available: boolean | undefined;
