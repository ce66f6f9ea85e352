// A fixture as a child process: its port, its messages, all its output, how it ended.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { waitUntil } from '@silly-face/testing';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

export class FixtureProcess implements AsyncDisposable {
  readonly messages: unknown[] = [];
  readonly ended: Promise<Ended>;
  port = 0;
  readonly #process: ChildProcess;
  #output = '';

  static async start(
    fixture: string,
    config: object = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<FixtureProcess> {
    const child = new FixtureProcess(fixture, config, env);
    await waitUntil(() => child.port !== 0 || child.#process.exitCode !== null || child.messages.length > 0, {
      what: `${fixture} to be ready`,
    });
    return child;
  }

  constructor(fixture: string, config: object = {}, env: NodeJS.ProcessEnv = {}) {
    this.#process = fork(new URL(`fixtures/${fixture}`, import.meta.url), [JSON.stringify(config)], {
      silent: true,
      env: { ...process.env, ...env },
    });
    this.#process.on('message', (message) => {
      this.messages.push(message);
      if (typeof message === 'object' && 'port' in message) this.port = Number(message.port);
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.#output += chunk));
    }
    this.ended = once(this.#process, 'close').then(() => ({
      code: this.#process.exitCode,
      signal: this.#process.signalCode,
      output: this.#output,
    }));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  send(message: string | object): void {
    this.#process.send(message);
  }

  /** Waits until the child has written this. */
  async prints(part: string): Promise<void> {
    await waitUntil(() => this.#output.includes(part), {
      what: `${JSON.stringify(part)} in the output:\n${this.#output}`,
    });
  }

  /** A request to the child, which has arrived when this resolves. */
  async request(): Promise<{ answer: Promise<string> }> {
    const arrived = (): number => this.messages.filter((message) => message === 'arrived').length;
    const before = arrived();
    const answer = fetch(`http://127.0.0.1:${this.port}/`)
      .then((response) => response.text())
      .catch((error: unknown) => `failed: ${String(error)}`);
    await waitUntil(() => arrived() > before, { what: 'the request to arrive' });
    return { answer };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGKILL');
    await this.ended;
  }
}
