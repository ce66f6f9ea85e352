import type { EventEmitter } from 'node:events';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { DrainLimits } from './server-drain.ts';

const LONGEST_MS = 300;

interface Http2Sessions {
  close(): void;
  /** The end: destroys what is left, sessions with streams in flight. Returns how many. */
  cut(): number;
}

/**
 * Ends HTTP/2 sessions with one GOAWAY that names the last stream taken: streams in flight are answered, and a client knows that
 * later ones were never processed and may be sent again elsewhere (RFC 9113, 6.8 and 8.7).
 *
 * Not the first of two GOAWAYs that still welcomes every stream: after any `session.goaway()` nghttp2 ignores new streams
 * (session_allow_incoming_new_stream), so their clients would only learn later that nobody answers. And since few clients repeat
 * what was refused, the GOAWAY waits for a moment without new streams: `idleGraceMs` long, but not for long, since the streams that
 * it takes want their time too.
 */
export function watchHttp2Sessions(server: EventEmitter, limits: DrainLimits): Http2Sessions {
  const longestMs = Math.min(LONGEST_MS, (limits.timeoutMs - limits.delayMs) / 4);
  const quietMs = Math.min(limits.idleGraceMs, longestMs);
  const sessions = new Map<ServerHttp2Session, NodeJS.Timeout | undefined>();
  let deadline: NodeJS.Timeout | undefined;
  let isOverdue = false;

  const closeWhenQuiet = (session: ServerHttp2Session): void => {
    // After a stall, timers run before the sockets are read; immediates run behind that.
    const timer = setTimeout(() => setImmediate(() => session.close()), quietMs);
    sessions.set(session, timer);
  };
  const add = (session: ServerHttp2Session): void => {
    sessions.set(session, undefined);
    session.once('close', () => {
      clearTimeout(sessions.get(session));
      sessions.delete(session);
    });
    if (deadline) closeWhenQuiet(session);
  };
  const onStream = ({ session }: ServerHttp2Stream): void => {
    // A session that begins after the deadline has only its own time.
    if (session && !isOverdue) sessions.get(session as ServerHttp2Session)?.refresh();
  };

  server.on('session', add);
  return {
    close() {
      server.on('stream', onStream);
      for (const session of sessions.keys()) closeWhenQuiet(session);
      deadline = setTimeout(() => {
        isOverdue = true;
        for (const session of sessions.keys()) session.close();
      }, longestMs);
    },
    cut() {
      let count = 0;
      for (const [session, timer] of sessions) {
        clearTimeout(timer);
        // Destroys one without streams; if that happened before, only its client's end is still open.
        session.close();
        if (session.destroyed) continue;
        session.destroy();
        count += 1;
      }
      clearTimeout(deadline);
      server.off('stream', onStream).off('session', add);
      return count;
    },
  };
}
