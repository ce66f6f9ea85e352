import type { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';

/**
 * Ends HTTP/2 sessions with one GOAWAY that names the last stream taken: streams in flight are answered, and a client knows that
 * later ones were never processed and may be sent again elsewhere (RFC 9113, 6.8 and 8.7).
 *
 * Not the first of two GOAWAYs that still welcomes every stream: after any `session.goaway()` nghttp2 ignores new streams
 * (session_allow_incoming_new_stream), so their clients would only learn later that nobody answers.
 */
export class Http2Sessions {
  readonly #server: EventEmitter;
  readonly #sessions = new Set<ServerHttp2Session>();
  #closing = false;

  constructor(server: EventEmitter) {
    this.#server = server;
    server.on('session', this.#add);
  }

  close(): void {
    this.#closing = true;
    for (const session of this.#sessions) session.close();
  }

  /** Destroys what is left: sessions with streams in flight. Returns how many. */
  cut(): number {
    let count = 0;
    for (const session of this.#sessions) {
      // Destroys one without streams; if that happened before, only its client's end is still open.
      session.close();
      if (session.destroyed) continue;
      session.destroy();
      count += 1;
    }
    return count;
  }

  dispose(): void {
    this.#server.off('session', this.#add);
  }

  readonly #add = (session: ServerHttp2Session): void => {
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
    if (this.#closing) session.close();
  };
}
