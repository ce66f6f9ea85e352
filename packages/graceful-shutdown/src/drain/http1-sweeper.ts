import type { Socket } from 'node:net';
import { http1State, readingForMs } from './http1-socket.ts';
import type { DrainLimits } from './server-drain.ts';

const MOST_OFTEN_MS = 25;
const MOST_AT_ONCE = 128;

/**
 * Ends HTTP/1 sockets that carry no request, once each had the time it was promised: idle and silent ones after
 * `idleGraceMs` without a byte, half-sent heads after `headTimeoutMs`. Runs during the drain only, and the less often the longer
 * these are: a look at 5,000 sockets takes a few milliseconds. The returned function stops it.
 */
export function sweepHttp1(
  sockets: Iterable<Socket>,
  { idleGraceMs, headTimeoutMs }: Pick<DrainLimits, 'idleGraceMs' | 'headTimeoutMs'>,
): () => void {
  const everyMs = Math.max(MOST_OFTEN_MS, Math.min(idleGraceMs, headTimeoutMs) / 4);
  const quiet = new WeakMap<Socket, { bytesRead: number; since: number }>();
  const startedAt = performance.now();
  let nextMs = everyMs;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;

  const isDue = (socket: Socket): boolean => {
    const now = performance.now();
    const state = http1State(socket);
    if (state === 'idle' || state === 'silent') {
      const { bytesRead } = socket;
      const before = quiet.get(socket);
      const since = before?.bytesRead === bytesRead ? before.since : now;
      quiet.set(socket, { bytesRead, since });
      const leftMs = since + idleGraceMs - now;
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs);
      return leftMs <= 0;
    }
    quiet.delete(socket);
    return state === 'reading' && Math.min(readingForMs(socket), now - startedAt) >= headTimeoutMs;
  };

  /**
   * A few at a time, each behind a poll: a request that waits in the kernel, after a stall or while others are ended, is read
   * before its socket is looked at.
   */
  const sweep = (rest = sockets[Symbol.iterator]()): void => {
    immediate = setImmediate(() => {
      for (let ended = 0; ended < MOST_AT_ONCE;) {
        const { done, value: socket } = rest.next();
        if (done) {
          timer = setTimeout(sweep, nextMs);
          nextMs = everyMs;
          return;
        }
        if (!isDue(socket)) continue;
        // Destroyed, not half-closed: a half-closed socket would still take a request and could not answer it.
        socket.destroy();
        ended += 1;
      }
      sweep(rest);
    });
  };

  sweep();
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
