import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { now } from '../harness/now.ts';
import type { AppSettings } from './app.ts';
import type { LibraryName } from './libraries.ts';

/** The application in a process of its own. */
export class RunningApp implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** When it ended, on `now()`'s clock. */
  readonly #ended: Promise<number>;
  #port = 0;

  /**
   * Resolves when it listens.
   * @param heldFd the descriptor of a listening socket for it, which it finds as descriptor `heldAs`
   */
  static async start(
    library: LibraryName,
    settings: Partial<Omit<AppSettings, 'library'>> = {},
    heldFd?: number,
  ): Promise<RunningApp> {
    const whole = { ...defaults, ...settings, library } satisfies AppSettings;
    const app = new RunningApp(whole, heldFd);
    try {
      app.#port = await app.#listening(library);
      return app;
    } catch (error) {
      await app.stop();
      throw error;
    }
  }

  private constructor(settings: AppSettings, heldFd: number | undefined) {
    this.#child = fork(program, [JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', ...(heldFd === undefined ? [] : [heldFd])],
    });
    this.#ended = once(this.#child, 'exit').then(now);
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** When it ended; one that hangs is killed when the limit is over. */
  async end(limitMs: number): Promise<number> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    const endedAt = await this.#ended;
    clearTimeout(timer);
    return endedAt;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listening(library: LibraryName): Promise<number> {
    const ended = this.#ended.then(() => {
      throw new Error(`The application under ${library} ended before it listened`);
    });
    const [port] = (await Promise.race([once(this.#child, 'message'), ended])) as [number];
    return port;
  }
}

/** Descriptors 0 to 2, then that of the messages. */
export const heldAs = 4;

const program = fileURLToPath(new URL('app.js', import.meta.url));
const defaults = { protocol: 'http', listen: { port: 0 }, delayMs: 0, idleGraceMs: 100 } as const;
