import type { Socket } from 'node:net';
import { http1State, readingForMs } from './http1-socket.ts';
import type { DrainLimits } from './server-drain.ts';

const SWEEP_EVERY_MS = 25;

/**
 * Ends HTTP/1 sockets that carry no request, once each had the time it was promised: idle and silent ones after
 * `idleGraceMs` without a byte, half-sent heads after `headTimeoutMs`. Runs during the drain only.
 */
export class Http1Sweeper {
  readonly #sockets: Iterable<Socket>;
  readonly #limits: DrainLimits;
  readonly #quiet = new WeakMap<Socket, { bytesRead: number; since: number }>();
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(sockets: Iterable<Socket>, limits: DrainLimits) {
    this.#sockets = sockets;
    this.#limits = limits;
  }

  start(): void {
    this.#startedAt = performance.now();
    const sweep = () => {
      for (const socket of this.#sockets) this.#endIfDue(socket);
    };
    sweep();
    // After a stall, timers run before the sockets are read: a request may be waiting in the kernel. The check phase comes after both.
    this.#timer = setInterval(() => setImmediate(sweep), SWEEP_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #endIfDue(socket: Socket): void {
    const now = performance.now();
    switch (http1State(socket)) {
      case 'answering':
      case 'upgraded':
        this.#quiet.delete(socket);
        return;
      case 'reading':
        this.#quiet.delete(socket);
        if (Math.min(readingForMs(socket), now - this.#startedAt) >= this.#limits.headTimeoutMs)
          socket.destroy();
        return;
      case 'idle':
      case 'silent': {
        const quiet = this.#quiet.get(socket);
        if (quiet?.bytesRead !== socket.bytesRead) {
          this.#quiet.set(socket, { bytesRead: socket.bytesRead, since: now });
          if (this.#limits.idleGraceMs > 0) return;
        }
        // Destroyed, not half-closed: a half-closed socket would still take a request and could not answer it.
        if (now - (quiet?.since ?? now) >= this.#limits.idleGraceMs) socket.destroy();
      }
    }
  }
}
