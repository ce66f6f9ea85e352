import { AsyncResource } from 'node:async_hooks';
import { Connection } from './connection.ts';
import { PoolError } from './errors.ts';
import type { Announce } from './events.ts';
import type { PoolSettings } from './options.ts';
import { trace, tracing } from './tracing.ts';

/** Opens and closes the connections of one pool, and tells about their lives. */
export class Connector {
  readonly #settings: PoolSettings;
  readonly #announce: Announce;
  /** The context that made the pool: a connection outlives the call tree that needed it first, and must not keep its context. */
  readonly #home = new AsyncResource('PgPool');

  constructor(settings: PoolSettings, announce: Announce) {
    this.#settings = settings;
    this.#announce = announce;
  }

  /** @throws PoolError `POOL_CONNECT_FAILED` */
  open(onLost: (connection: Connection) => void): Promise<Connection> {
    const open = (): Promise<Connection> => this.atHome(() => this.#open(onLost));
    return tracing.connect.hasSubscribers ? trace(tracing.connect, this.#settings.attributes, open) : open();
  }

  /** Runs something in the context that made the pool. */
  atHome<T>(fn: () => T): T {
    return this.#home.runInAsyncScope(fn);
  }

  async close(connection: Connection, reason: string): Promise<void> {
    this.#announce('remove', { processId: connection.processId, reason });
    await connection.close();
  }

  async #open(onLost: (connection: Connection) => void): Promise<Connection> {
    const { name, makeClient, pipeline, attributes } = this.#settings;
    try {
      const connection = await Connection.open(makeClient, pipeline, (lost) => {
        const message = `Pool '${name}' lost a connection: ${lost.lost?.message}`;
        this.#announce('clientLost', new PoolError('CLIENT_LOST', message, { cause: lost.lost }));
        onLost(lost);
      });
      this.#announce('connect', { processId: connection.processId });
      return connection;
    } catch (cause) {
      const why =
        cause instanceof Error
          ? cause.message || String((cause as NodeJS.ErrnoException).code)
          : String(cause);
      const address = `${attributes['server.address']}:${attributes['server.port']}`;
      const message = `Pool '${name}' could not connect to ${address}/${attributes['db.namespace']}: ${why}`;
      const error = new PoolError('POOL_CONNECT_FAILED', message, { cause });
      this.#announce('connectError', error);
      throw error;
    }
  }
}

/** The server is up and refuses one more connection: one that comes back serves the caller. */
export function isFull(error: Error): boolean {
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && cause.code === '53300';
}
