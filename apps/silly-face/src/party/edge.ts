import type { PartyConnection, PartyHandler } from './connection.ts';
import { Crowd } from './crowd.ts';
import { FloodGate } from './flood-gate.ts';
import type { ByeCode } from './frames.ts';
import { type PartyLimits, partyLimits } from './limits.ts';
import type { LiveConnection } from './live-connection.ts';

export interface EdgeOptions {
  readonly limits?: Partial<PartyLimits>;
  /** What the handler threw or rejected with. Its connection ends with BYE `server-error`. */
  readonly onError: (error: unknown, connection: PartyConnection) => void;
}

/** What has happened since the start. */
export interface EdgeCounts {
  accepted: number;
  framesReceived: number;
  framesSent: number;
  readonly byes: Partial<Record<ByeCode, number>>;
}

/**
 * What all connections of a process share: limits, one timer for all of their times, and one write for all that a client gets in
 * a turn of the event loop. On the path of every message: benchmark area `party`.
 */
export class Edge {
  readonly handler: PartyHandler;
  readonly limits: PartyLimits;
  readonly crowd: Crowd;
  readonly floodGate: FloodGate;
  readonly counts: EdgeCounts = { accepted: 0, framesReceived: 0, framesSent: 0, byes: {} };
  /** With those that are on their way out. */
  readonly connections = new Set<LiveConnection>();
  readonly onError: EdgeOptions['onError'];
  #lastId = 0;
  #unflushed: LiveConnection[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  readonly #waitForEmpty: (() => void)[] = [];

  constructor(handler: PartyHandler, { limits, onError }: EdgeOptions) {
    this.handler = handler;
    this.onError = onError;
    this.limits = partyLimits(limits);
    this.crowd = new Crowd(this.limits);
    this.floodGate = new FloodGate(this.limits.framesPerSecond, this.limits.frameBurst);
  }

  /** Monotonic. */
  nowMs(): number {
    return performance.now();
  }

  nextId(): number {
    return (this.#lastId += 1);
  }

  entered(connection: LiveConnection): void {
    this.connections.add(connection);
    this.#sweeper ??= setInterval(this.#sweep, this.#sweepIntervalMs());
    this.counts.accepted += 1;
    this.crowd.enter(connection);
  }

  /** Its socket is gone. */
  gone(connection: LiveConnection): void {
    this.crowd.gone(connection);
    this.connections.delete(connection);
    if (this.connections.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    for (const resolve of this.#waitForEmpty.splice(0)) resolve();
  }

  /** Until all sockets are gone. */
  async empty(): Promise<void> {
    if (this.connections.size > 0)
      await new Promise<void>((resolve) => {
        this.#waitForEmpty.push(resolve);
      });
  }

  /** Once this turn of the event loop has read all that there is: what several clients said goes out in one write. */
  flushSoon(connection: LiveConnection): void {
    if (this.#unflushed.push(connection) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const connections = this.#unflushed;
    this.#unflushed = [];
    for (const connection of connections) connection.flush();
  };

  readonly #sweep = (): void => {
    const nowMs = this.nowMs();
    for (const connection of this.connections) connection.tick(nowMs);
  };

  /** So that no limit is late by more than a quarter, or a second. */
  #sweepIntervalMs(): number {
    const { authTimeoutMs, idleTimeoutMs, pingIntervalMs, closeTimeoutMs } = this.limits;
    return Math.min(
      1_000,
      Math.ceil(Math.min(authTimeoutMs, idleTimeoutMs, pingIntervalMs, closeTimeoutMs) / 4),
    );
  }
}
