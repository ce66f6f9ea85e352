import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { ConnectBackoff } from './connect-backoff.ts';
import type { Connection } from './connection.ts';
import type { Connector } from './connector.ts';
import { PoolError } from './errors.ts';
import { Limit } from './limit.ts';
import type { Asker } from './exchange.ts';
import { checkChannel } from './notification.ts';
import type { Notification } from './notification.ts';
import { checkKeys, invalid } from './option-checks.ts';

/** Hears what a channel brings, outside of any transaction; may be asynchronous. */
export type NotificationHandler = (payload: string, notification: Notification) => unknown;

/** The options of {@link Pool.listen}. */
export interface ListenOptions {
  /**
   * The connection was lost, and the channel is listened to again: what was sent in between is missed, so that now is the time to
   * read it from where it is stored.
   */
  onReconnect?: () => unknown;
}

/** A handler that listens. */
export interface Subscription extends AsyncDisposable {
  readonly channel: string;
  /** The handler is not called any more from now on; resolves when the server knows, if it can be reached. */
  unlisten(): Promise<void>;
}

interface Subscriber {
  readonly channel: string;
  readonly handler: NotificationHandler;
  readonly onReconnect: (() => unknown) | undefined;
  state: 'beginning' | 'listening' | 'ended';
}

/** Nothing that is asked here belongs to a transaction. */
const nobody: Asker = { noteFailure() {}, neverBegan() {}, gaveUp() {} };

/**
 * Listens to channels on behalf of a pool, all on one connection of its own, which is there as long as somebody listens. What is
 * wanted stands in `#channels`, what the server knows in `#listened`; whoever changes the first, or loses the second, has them
 * settled, one after the other.
 */
export class Listener {
  readonly #connector: Connector;
  readonly #failed: (error: PoolError) => void;
  readonly #channels = new Map<string, Set<Subscriber>>();
  readonly #listened = new Set<string>();
  /** Those who listened when the connection was lost. */
  readonly #deaf = new Set<Subscriber>();
  readonly #backoff = new ConnectBackoff();
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #settling: Promise<void> = Promise.resolve();
  #recovering = false;

  /** @param failed hears of handlers that throw */
  constructor(connector: Connector, failed: (error: PoolError) => void) {
    this.#connector = connector;
    this.#failed = failed;
  }

  async listen(
    channel: string,
    handler: NotificationHandler,
    options: ListenOptions = {},
  ): Promise<Subscription> {
    this.#closing.signal.throwIfAborted();
    checkChannel(channel);
    if (typeof handler !== 'function') throw invalid('`handler`', 'a function', handler);
    checkKeys(options, ['onReconnect']);
    const { onReconnect } = options;
    if (onReconnect !== undefined && typeof onReconnect !== 'function')
      throw invalid('`onReconnect`', 'a function', onReconnect);
    const subscriber: Subscriber = { channel, handler, onReconnect, state: 'beginning' };
    const subscribers = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, subscribers.add(subscriber));
    try {
      await this.#settle();
      this.#closing.signal.throwIfAborted();
    } catch (error) {
      await this.#unlisten(subscriber);
      throw this.#closing.signal.aborted ? this.#closing.signal.reason : error;
    }
    subscriber.state = 'listening';
    const unlisten = (): Promise<void> => this.#unlisten(subscriber);
    return { channel, unlisten, [Symbol.asyncDispose]: unlisten };
  }

  /** Ends every subscription. @param reason what those get who come later */
  async close(reason: PoolError): Promise<void> {
    this.#closing.abort(reason);
    for (const subscribers of this.#channels.values())
      for (const subscriber of subscribers) subscriber.state = 'ended';
    this.#channels.clear();
    await this.#settle();
  }

  async #unlisten(subscriber: Subscriber): Promise<void> {
    subscriber.state = 'ended';
    const subscribers = this.#channels.get(subscriber.channel);
    if (!subscribers?.delete(subscriber)) return;
    if (subscribers.size === 0) this.#channels.delete(subscriber.channel);
    // What goes wrong leaves the connection lost, and then there is nothing to end.
    const settled = this.#settle().catch(() => {});
    if (this.#connection) await settled;
  }

  #settle(): Promise<void> {
    this.#settling = this.#settling.then(
      () => this.#settleNow(),
      () => this.#settleNow(),
    );
    return this.#settling;
  }

  async #settleNow(): Promise<void> {
    if (this.#channels.size === 0) {
      await this.#disconnect(this.#closing.signal.aborted ? 'drain' : 'idle');
      return;
    }
    const connection = this.#connection ?? (await this.#connect());
    // The pool may be drained while the connection is half open.
    const limit = Limit.of('LISTEN', { signal: this.#closing.signal });
    try {
      for (const channel of this.#channels.keys()) {
        if (this.#listened.has(channel)) continue;
        await connection.query({ text: `LISTEN ${escapeIdentifier(channel)}` }, nobody, undefined, limit);
        this.#listened.add(channel);
      }
      for (const channel of this.#listened) {
        if (this.#channels.has(channel)) continue;
        await connection.query({ text: `UNLISTEN ${escapeIdentifier(channel)}` }, nobody, undefined, limit);
        this.#listened.delete(channel);
      }
      this.#backoff.succeeded();
    } catch (error) {
      this.#backoff.failed();
      this.#lose(connection, 'listen failed');
      throw error;
    } finally {
      limit?.end();
    }
  }

  async #connect(): Promise<Connection> {
    await sleep(this.#backoff.waitMs, undefined, { signal: this.#closing.signal });
    try {
      const connection = await this.#connector.open((lost) => this.#lose(lost, 'lost'));
      connection.onNotification((notification) => this.#notified(notification));
      this.#connection = connection;
      return connection;
    } catch (error) {
      this.#backoff.failed();
      throw error;
    }
  }

  async #disconnect(reason: string): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#listened.clear();
    if (connection) await this.#connector.close(connection, reason);
  }

  #lose(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    for (const subscribers of this.#channels.values())
      for (const subscriber of subscribers) if (subscriber.state === 'listening') this.#deaf.add(subscriber);
    void this.#disconnect(reason);
    void this.#recover();
  }

  async #recover(): Promise<void> {
    if (this.#recovering) return;
    this.#recovering = true;
    for (let settled = false; !settled && this.#channels.size > 0;) {
      settled = await this.#settle().then(
        () => this.#connection !== undefined,
        () => false,
      );
    }
    this.#recovering = false;
    const missed = [...this.#deaf];
    this.#deaf.clear();
    for (const { channel, onReconnect, state } of missed)
      if (onReconnect && state === 'listening') void this.#call(channel, onReconnect);
  }

  #notified(notification: Notification): void {
    for (const { handler } of this.#channels.get(notification.channel) ?? [])
      void this.#call(notification.channel, () => handler(notification.payload, notification));
  }

  /** Whoever made the connection necessary, and in which transaction: a handler is not part of that. */
  async #call(channel: string, fn: () => unknown): Promise<void> {
    try {
      await this.#connector.atHome(fn);
    } catch (cause) {
      const message = `A handler of channel '${channel}' has failed`;
      this.#failed(new PoolError('HANDLER_FAILED', message, { cause }));
    }
  }
}
