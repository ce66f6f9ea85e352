import type { EventEmitter } from 'node:events';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { DrainLimits } from './server-drain.ts';

const LONGEST_MS = 300;

/**
 * Ends HTTP/2 sessions with one GOAWAY that names the last stream taken: streams in flight are answered, and a client knows that
 * later ones were never processed and may be sent again elsewhere (RFC 9113, 6.8 and 8.7).
 *
 * Not the first of two GOAWAYs that still welcomes every stream: after any `session.goaway()` nghttp2 ignores new streams
 * (session_allow_incoming_new_stream), so their clients would only learn later that nobody answers. And since few clients repeat
 * what was refused, the GOAWAY waits for a moment without new streams: `idleGraceMs` long, but not for long, since the streams that
 * it takes want their time too.
 */
export class Http2Sessions {
  readonly #server: EventEmitter;
  readonly #quietMs: number;
  readonly #longestMs: number;
  readonly #sessions = new Map<ServerHttp2Session, NodeJS.Timeout | undefined>();
  #deadline: NodeJS.Timeout | undefined;
  #isOverdue = false;

  constructor(server: EventEmitter, limits: DrainLimits) {
    this.#server = server;
    this.#longestMs = Math.min(LONGEST_MS, (limits.timeoutMs - limits.delayMs) / 4);
    this.#quietMs = Math.min(limits.idleGraceMs, this.#longestMs);
    server.on('session', this.#add);
  }

  close(): void {
    this.#server.on('stream', this.#onStream);
    for (const session of this.#sessions.keys()) this.#closeWhenQuiet(session);
    this.#deadline = setTimeout(() => {
      this.#isOverdue = true;
      for (const session of this.#sessions.keys()) session.close();
    }, this.#longestMs);
  }

  /** The end: destroys what is left, sessions with streams in flight. Returns how many. */
  cut(): number {
    let count = 0;
    for (const [session, timer] of this.#sessions) {
      clearTimeout(timer);
      // Destroys one without streams; if that happened before, only its client's end is still open.
      session.close();
      if (session.destroyed) continue;
      session.destroy();
      count += 1;
    }
    clearTimeout(this.#deadline);
    this.#server.off('stream', this.#onStream).off('session', this.#add);
    return count;
  }

  readonly #add = (session: ServerHttp2Session): void => {
    this.#sessions.set(session, undefined);
    session.once('close', () => {
      clearTimeout(this.#sessions.get(session));
      this.#sessions.delete(session);
    });
    if (this.#deadline) this.#closeWhenQuiet(session);
  };

  #closeWhenQuiet(session: ServerHttp2Session): void {
    // After a stall, timers run before the sockets are read; immediates run behind that.
    const timer = setTimeout(() => setImmediate(() => session.close()), this.#quietMs);
    this.#sessions.set(session, timer);
  }

  readonly #onStream = ({ session }: ServerHttp2Stream): void => {
    // A session that begins after the deadline has only its own time.
    if (session && !this.#isOverdue) this.#sessions.get(session as ServerHttp2Session)?.refresh();
  };
}
