// Requests without a pause, every other one a POST; each has an id of its own, and none is sent again by this side.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

interface Outcome {
  method: 'GET' | 'POST';
  path: string;
  /** `200`, another status, or why there was no answer. */
  result: string;
}

export class Traffic {
  readonly outcomes: Outcome[] = [];
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #loops: Promise<void>[] = [];
  #sent = 0;
  #stopped = false;

  constructor(port: number, lanes: number) {
    this.#port = port;
    for (let lane = 0; lane < lanes; lane += 1) this.#loops.push(this.#keepSending());
  }

  /** Many at once. */
  burst(count: number): void {
    for (let sent = 0; sent < count; sent += 1) this.#loops.push(this.#send());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #keepSending(): Promise<void> {
    while (!this.#stopped) await this.#send();
  }

  async #send(): Promise<void> {
    this.#sent += 1;
    const path = `/${this.#sent}`;
    const method = this.#sent % 2 ? 'POST' : 'GET';
    const result = await this.#ask(method, path).catch((error: unknown) => String(error));
    this.outcomes.push({ method, path, result });
  }

  async #ask(method: string, path: string): Promise<string> {
    const sent = request({ port: this.#port, host: '127.0.0.1', agent: this.#agent, method, path });
    sent.end(method === 'POST' ? 'a body' : undefined);
    const [response] = await once(sent, 'response');
    const body = await text(response);
    if (response.statusCode === 200 && body !== path) return `the answer to ${body}`;
    return String(response.statusCode);
  }
}
