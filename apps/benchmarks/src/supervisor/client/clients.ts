import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Report, Verdicts } from './client.ts';

/** Strict clients of one port, a process for kept connections and one for fresh ones. */
export class Clients {
  readonly #kept: Client;
  readonly #fresh: Client;

  constructor(port: number) {
    this.#kept = new Client({ port, connections: 'kept', busy: 12, pausing: 8 });
    this.#fresh = new Client({ port, connections: 'fresh', busy: 4, pausing: 4 });
  }

  /** So far. */
  get sent(): number {
    return this.#kept.sent + this.#fresh.sent;
  }

  /** Resolves when every request has its verdict. */
  async stop(): Promise<{ kept: Verdicts; fresh: Verdicts }> {
    const [kept, fresh] = await Promise.all([this.#kept.stop(), this.#fresh.stop()]);
    return { kept, fresh };
  }

  /** Ends them, also in the middle. */
  async kill(): Promise<void> {
    await Promise.all([this.#kept.kill(), this.#fresh.kill()]);
  }
}

class Client {
  sent = 0;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #verdicts: Promise<Verdicts>;

  constructor(order: Order) {
    this.#process = fork(program, [JSON.stringify(order)]);
    this.#ended = once(this.#process, 'exit');
    this.#verdicts = new Promise((resolve) => {
      this.#process.on('message', (report: Report) => {
        if ('verdicts' in report) resolve(report.verdicts);
        else this.sent = report.sent;
      });
    });
  }

  stop(): Promise<Verdicts> {
    this.#process.send('stop');
    const ended = this.#ended.then(() => {
      throw new Error('A client ended before its verdicts');
    });
    return Promise.race([this.#verdicts, ended]);
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

const program = fileURLToPath(new URL('client.js', import.meta.url));
