import type { Client, Submittable } from 'pg';
import type { Ask } from './exchange.ts';

/**
 * A query that fetches its rows bit by bit, as pg-cursor and pg-query-stream do: it talks to the connection itself, and nothing else
 * can be on the wire until it is closed.
 */
export class Portal implements Ask {
  readonly begins = false;
  readonly asker = undefined;
  readonly givenUp = false;
  readonly cancellable = false;
  readonly refusedBegin = undefined;
  readonly #query: Submittable;
  readonly #client: Client;
  readonly #inFlight: Ask[];
  #sent = false;

  constructor(query: Submittable, client: Client, inFlight: Ask[]) {
    this.#query = query;
    this.#client = client;
    this.#inFlight = inFlight;
  }

  send(client: Client): void {
    this.#sent = true;
    this.#inFlight.push(this);
    client.query(this.#query);
  }

  /** Its failures go where its rows go: pg tells the query itself. */
  ready(): void {}

  fail(): void {}

  giveUp(): void {}

  lose(): void {
    if (!this.#sent) this.#client.query(this.#query);
  }
}
