import { answered } from '../answered.ts';
import { type Client, type ScriptName, startClient } from './client.ts';

/** One connection, opened with the first call, and again when it is lost or has said nothing for long. */
export class RedisConnection {
  readonly #url: string;
  readonly #answerMs: number;
  readonly #disconnected = new AbortController();
  readonly #calls = new Set<Promise<unknown>>();
  #client: Promise<Client> | undefined;
  #attempt: Promise<unknown> | undefined;
  /** Since when nothing that was asked was answered, by our own monotonic clock. */
  #silentSince: number | undefined;

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
    const since = performance.now();
    const call = async (): Promise<Answer> => {
      client = await this.#connected();
      const given = await work(client);
      this.#silentSince = undefined;
      return given;
    };
    const answer = answered(
      operation,
      this.#answerMs,
      call(),
      (error) => client?.isUnavailable(error) ?? true,
    );
    this.#calls.add(answer);
    try {
      return await answer;
    } catch (error) {
      this.#silentSince ??= since;
      if (performance.now() - this.#silentSince > SILENT_ANSWERS * this.#answerMs) await this.#leave(client);
      throw error;
    } finally {
      this.#calls.delete(answer);
    }
  }

  /**
   * A server that went away without a word, with its machine perhaps, is asked on the same connection for as long as TCP hopes:
   * minutes. Meanwhile it may be somewhere else, or there again and know nothing of the connection.
   */
  async #leave(client: Client | undefined): Promise<void> {
    if (client === undefined || (await this.#client) !== client) return;
    this.#client = undefined;
    this.#attempt = undefined;
    this.#silentSince = undefined;
    client.destroy();
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

/** So many times as long as an answer may take. */
const SILENT_ANSWERS = 2.5;
