import { answered } from '../answered.ts';
import { type Client, type ScriptName, startClient } from './client.ts';

/** One connection, opened with the first call, and again when it is lost. */
export class RedisConnection {
  readonly #url: string;
  readonly #answerMs: number;
  readonly #disconnected = new AbortController();
  readonly #calls = new Set<Promise<unknown>>();
  #client: Promise<Client> | undefined;
  #attempt: Promise<unknown> | undefined;

  constructor(url: string, answerMs: number) {
    this.#url = url;
    this.#answerMs = answerMs;
  }

  /** @throws DirectoryError `directory-unavailable` */
  run(
    operation: string,
    name: ScriptName,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return this.ask(operation, (client) => client.run(name, keys, args));
  }

  /** @throws DirectoryError `directory-unavailable` */
  async ask<Answer>(operation: string, work: (client: Client) => Promise<Answer>): Promise<Answer> {
    let client: Client | undefined;
    const call = async (): Promise<Answer> => work((client = await this.#connected()));
    const answer = answered(
      operation,
      this.#answerMs,
      call(),
      (error) => client?.isUnavailable(error) ?? true,
    );
    this.#calls.add(answer);
    try {
      return await answer;
    } finally {
      this.#calls.delete(answer);
    }
  }

  /** Calls that are under way are waited for, which is not long. */
  async disconnect(): Promise<void> {
    this.#disconnected.abort(new Error('it was disconnected'));
    await Promise.allSettled(this.#calls);
    const client = await this.#client;
    client?.destroy();
  }

  async #connected(): Promise<Client> {
    const { signal } = this.#disconnected;
    signal.throwIfAborted();
    this.#client ??= startClient(this.#url, this.#answerMs);
    const client = await this.#client;
    if (client.isReady) return client;
    // One attempt answers all who wait for it: with the connection, or with why there is none.
    this.#attempt ??= client.attempt(signal).finally(() => {
      this.#attempt = undefined;
    });
    await this.#attempt;
    return client;
  }
}
