import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../harness/now.ts';

/** A burst reaches from so long before a moment to so long after it. */
export const burstMs = 20;

const burstClients = 48;
const steadyClients = 8;
const steadyPauseMs = 30;

export interface Verdicts {
  sent: number;
  lost: number;
}

/**
 * Requests through a proxy over kept-alive connections, half of them POST, each with an id of its own and a verdict: what is not
 * answered whole, with 200, is lost.
 */
export class Load {
  readonly GET: Verdicts = { sent: 0, lost: 0 };
  readonly POST: Verdicts = { sent: 0, lost: 0 };
  /** How many were lost in which way. */
  readonly losses = new Map<string, number>();
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: burstClients + steadyClients });
  readonly #stopping = new AbortController();
  readonly #clients = new Set<Promise<void>>();
  #lastId = 0;

  constructor(port: number) {
    this.#port = port;
  }

  get sent(): number {
    return this.GET.sent + this.POST.sent;
  }

  /** A few clients who pause between their requests, so that they meet idle connections, until `stop()`. */
  begin(): void {
    const { signal } = this.#stopping;
    this.#run(steadyClients, async () => {
      while (!signal.aborted) {
        await this.#send();
        await sleep(Math.random() * steadyPauseMs);
      }
    });
  }

  /** Many clients around a moment, each from a random instant of it on. */
  burst(at: number): void {
    this.#run(burstClients, async () => {
      const from = at - burstMs + Math.random() * 2 * burstMs;
      await sleep(Math.max(0, from - now()));
      do await this.#send();
      while (now() < at + burstMs);
    });
  }

  /** Resolves when every request has its verdict. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    while (this.#clients.size > 0) await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  #run(clients: number, client: () => Promise<void>): void {
    for (let index = 0; index < clients; index++) {
      const running = client().finally(() => this.#clients.delete(running));
      this.#clients.add(running);
    }
  }

  async #send(): Promise<void> {
    const id = ++this.#lastId;
    const method = id % 2 === 0 ? 'GET' : 'POST';
    const verdicts = this[method];
    verdicts.sent += 1;
    const loss = await this.#lossOf(method, id);
    if (loss === undefined) return;
    verdicts.lost += 1;
    const kind = `${method} ${loss}`;
    this.losses.set(kind, (this.losses.get(kind) ?? 0) + 1);
  }

  /** Undefined if it was answered. */
  #lossOf(method: string, id: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const options = {
        method,
        port: this.#port,
        host: '127.0.0.1',
        path: `/?id=${id}&answerMs=${id % 4}`,
        agent: this.#agent,
      };
      const outgoing = request(options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => void (body += text));
        response.on('close', () => {
          if (response.statusCode !== 200) resolve(`answered ${response.statusCode}`);
          else resolve(response.complete && body === 'done' ? undefined : 'answered in part');
        });
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      outgoing.end(method === 'POST' ? 'a body' : undefined);
    });
  }
}
