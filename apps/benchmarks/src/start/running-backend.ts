import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { bareEnvironment, freePort, processesMarked, waitUntil } from '@silly-face/testing';
import { backendFile } from './backend-file.ts';

const LIMIT_MS = 120_000;

/** The whole backend over a data folder, with all that is embedded and no nginx. */
export class RunningBackend {
  readonly port: number;
  startSeconds = Number.NaN;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #mark: string;
  #printed = '';

  private constructor(data: string, port: number) {
    this.port = port;
    this.#mark = randomUUID();
    this.#child = spawn(process.execPath, [backendFile('main.js')], {
      env: {
        ...bareEnvironment(),
        SILLY_FACE_DATA: data,
        SILLY_FACE_POSTGRES: 'embedded',
        SILLY_FACE_NGINX: 'off',
        LOG_LEVEL: 'warn',
        PORT: String(port),
        PARTY_PORT: '0',
        PARTY_WEB_SOCKET_PORT: '0',
        BENCH_BACKEND: this.#mark,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()));
  }

  static async start(data: string): Promise<RunningBackend> {
    const port = await freePort();
    const begun = performance.now();
    const backend = new RunningBackend(data, port);
    try {
      await backend.#says(/^The API is at /m);
    } catch (error) {
      await backend.stop();
      throw error;
    }
    backend.startSeconds = (performance.now() - begun) / 1_000;
    return backend;
  }

  /** Resolves to the seconds until it is over. */
  async deploy(): Promise<number> {
    const begun = performance.now();
    this.#printed = '';
    this.#child.kill('SIGHUP');
    await this.#says(/^(Deployed|Not deployed)/m);
    if (!/^Deployed$/m.test(this.#printed)) throw new Error(`The deploy failed:\n${this.#printed}`);
    return (performance.now() - begun) / 1_000;
  }

  async stop(): Promise<void> {
    const limit = setTimeout(() => {
      for (const pid of processesMarked(`BENCH_BACKEND=${this.#mark}`)) process.kill(pid, 'SIGKILL');
    }, LIMIT_MS);
    this.#child.kill('SIGTERM');
    await this.#closed;
    clearTimeout(limit);
  }

  async #says(line: RegExp): Promise<void> {
    const over = (): boolean => line.test(this.#printed) || this.#child.exitCode !== null;
    await waitUntil(over, { what: `the backend to print ${line}`, timeoutMs: LIMIT_MS, intervalMs: 5 });
    if (!line.test(this.#printed)) throw new Error(`The backend ended:\n${this.#printed}`);
  }
}
