import type { Client } from 'pg';

/** How long a statement that is to be cancelled may go on before its connection is destroyed. */
export const cancelGraceMs = 2_000;

/** How long a request is given to have an effect. One that comes before its statement the server throws away. */
const askAgainMs = 100;

/** What the server tells each connection, so that another one can name it. */
export interface BackendKey {
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/** Who has a statement cancelled. */
export interface Canceller {
  /** Called once, when no request can do any more: the server has passed them on, and is done with the statement. */
  done(): void;
  /** Called once, when that takes too long. */
  impatient(): void;
}

/**
 * Has the server cancel what the connection with this key runs, by a connection of its own, which the server closes when it has
 * passed the request on. Whether it could connect, and whether it had an effect, shows on the other connection only: until the
 * statement is answered there, it is asked again.
 */
export class Cancellation {
  readonly #makeClient: () => Client;
  readonly #key: BackendKey;
  readonly #canceller: Canceller;
  readonly #impatience: NodeJS.Timeout;
  #client: Client | undefined;
  #again: NodeJS.Timeout | undefined;
  #passedOn = false;
  #answered = false;
  #ended = false;

  constructor(makeClient: () => Client, key: BackendKey, canceller: Canceller) {
    this.#makeClient = makeClient;
    this.#key = key;
    this.#canceller = canceller;
    this.#impatience = setTimeout(() => {
      this.end();
      canceller.impatient();
    }, cancelGraceMs);
    void this.#request();
  }

  /** The server is done with the statement. */
  answered(): void {
    this.#answered = true;
    clearTimeout(this.#again);
    this.#check();
  }

  /** Nobody is interested any more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#impatience);
    clearTimeout(this.#again);
    this.#client?.connection.stream.destroy();
  }

  async #request(): Promise<void> {
    this.#passedOn = false;
    const client = (this.#client = this.#makeClient());
    const { connection } = client as unknown as {
      connection: { startup: () => void; cancel(processID: number | null, secretKey: number | null): void };
    };
    client.on('error', () => {
      // It closes without a word, which pg takes for an error.
    });
    // Everything is as for any other connection, up to the point where that would say who it is.
    connection.startup = () => connection.cancel(this.#key.processID, this.#key.secretKey);
    try {
      await client.connect();
    } catch {
      // Its end, as expected; or it could not connect, and then it is only that the statement goes on.
    }
    client.connection.stream.destroy();
    if (this.#ended) return;
    this.#passedOn = true;
    this.#check();
    if (!this.#answered) this.#again = setTimeout(() => void this.#request(), askAgainMs);
  }

  #check(): void {
    if (!this.#passedOn || !this.#answered || this.#ended) return;
    this.end();
    this.#canceller.done();
  }
}
