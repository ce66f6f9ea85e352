import type { Client } from 'pg';

/** How long a statement that is to be cancelled may go on before its connection is destroyed. */
export const cancelGraceMs = 2_000;

/** What the server tells each connection, so that another one can name it. */
export interface BackendKey {
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/** Who has a statement cancelled. */
export interface Canceller {
  /** Called once, when the request can do no more: the server has passed it on, and is done with the statement. */
  done(): void;
  /** Called once, when that takes too long. */
  impatient(): void;
}

/**
 * Has the server cancel what the connection with this key runs, by a connection of its own, which the server closes when it has
 * passed the request on. Whether it could connect, and whether it had an effect, shows on the other connection only.
 */
export class Cancellation {
  readonly #canceller: Canceller;
  readonly #client: Client;
  readonly #impatience: NodeJS.Timeout;
  #passedOn = false;
  #answered = false;

  constructor(client: Client, key: BackendKey, canceller: Canceller) {
    this.#canceller = canceller;
    this.#impatience = setTimeout(() => {
      this.end();
      canceller.impatient();
    }, cancelGraceMs);
    this.#client = client;
    void this.#request(key);
  }

  /** The server is done with the statement. */
  answered(): void {
    this.#answered = true;
    this.#check();
  }

  /** Nobody is interested any more. */
  end(): void {
    clearTimeout(this.#impatience);
    this.#client.connection.stream.destroy();
  }

  async #request(key: BackendKey): Promise<void> {
    const { connection } = this.#client as unknown as {
      connection: { startup: () => void; cancel(processID: number | null, secretKey: number | null): void };
    };
    this.#client.on('error', () => {
      // It closes without a word, which pg takes for an error.
    });
    // Everything is as for any other connection, up to the point where that would say who it is.
    connection.startup = () => connection.cancel(key.processID, key.secretKey);
    try {
      await this.#client.connect();
    } catch {
      // Its end, as expected; or it could not connect, and then it is only that the statement goes on.
    }
    this.#client.connection.stream.destroy();
    this.#passedOn = true;
    this.#check();
  }

  #check(): void {
    if (!this.#passedOn || !this.#answered) return;
    this.end();
    this.#canceller.done();
  }
}
