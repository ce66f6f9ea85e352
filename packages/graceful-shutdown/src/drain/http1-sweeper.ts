import type { Socket } from 'node:net';
import { http1State, readingForMs } from './http1-socket.ts';
import type { DrainLimits } from './server-drain.ts';

const MOST_OFTEN_MS = 25;
const MOST_AT_ONCE = 32;

/**
 * Ends HTTP/1 sockets that carry no request, once each had the time it was promised: idle and silent ones after
 * `idleGraceMs` without a byte, half-sent heads after `headTimeoutMs`. Runs during the drain only, and the less often the longer
 * these are: a look at 5,000 sockets takes a few milliseconds.
 */
export class Http1Sweeper {
  readonly #sockets: Iterable<Socket>;
  readonly #limits: DrainLimits;
  readonly #everyMs: number;
  readonly #quiet = new WeakMap<Socket, { bytesRead: number; since: number }>();
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(sockets: Iterable<Socket>, limits: DrainLimits) {
    this.#sockets = sockets;
    this.#limits = limits;
    this.#everyMs = Math.max(MOST_OFTEN_MS, Math.min(limits.idleGraceMs, limits.headTimeoutMs) / 4);
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#sweepNext(this.#sockets[Symbol.iterator]());
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  /**
   * A few at a time, each behind a poll: a request that waits in the kernel, after a stall or while others are ended, is read
   * before its socket is looked at.
   */
  #sweepNext(sockets: Iterator<Socket>): void {
    this.#immediate = setImmediate(() => {
      for (let ended = 0; ended < MOST_AT_ONCE;) {
        const next = sockets.next();
        if (next.done) {
          this.#timer = setTimeout(() => this.#sweepNext(this.#sockets[Symbol.iterator]()), this.#everyMs);
          return;
        }
        if (this.#isDue(next.value)) {
          // Destroyed, not half-closed: a half-closed socket would still take a request and could not answer it.
          next.value.destroy();
          ended += 1;
        }
      }
      this.#sweepNext(sockets);
    });
  }

  #isDue(socket: Socket): boolean {
    const now = performance.now();
    const state = http1State(socket);
    if (state === 'idle' || state === 'silent') {
      const { idleGraceMs } = this.#limits;
      const quiet = this.#quiet.get(socket);
      if (quiet?.bytesRead === socket.bytesRead) return now - quiet.since >= idleGraceMs;
      this.#quiet.set(socket, { bytesRead: socket.bytesRead, since: now });
      return idleGraceMs === 0;
    }
    this.#quiet.delete(socket);
    return (
      state === 'reading' &&
      Math.min(readingForMs(socket), now - this.#startedAt) >= this.#limits.headTimeoutMs
    );
  }
}
