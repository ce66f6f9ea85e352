import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * What an HTTP/1 socket is doing:
 * - `silent`: connected, has not sent a byte;
 * - `reading`: in the middle of a request's head, or of a body whose answer is already finished;
 * - `answering`: a request is in flight;
 * - `idle`: between two requests;
 * - `upgraded`: handed to the application by Upgrade or CONNECT.
 */
export type Http1State = 'silent' | 'reading' | 'answering' | 'idle' | 'upgraded';

/**
 * Node's own bookkeeping on a server's socket. There is no public way to ask it, and counting requests ourselves would cost a
 * listener on every request of a process's life for the sake of its last second. The tests fail should Node rename these.
 */
interface Http1Socket extends Socket {
  /** lib/_http_server.js assignSocket(): the answer whose turn it is. */
  _httpMessage?: ServerResponse | null;
  /** Gone once the socket was upgraded; its duration() is 0 between two messages, else ms since the message began. */
  parser?: { duration?(): number; incoming?: IncomingMessage | null } | null;
}

export function http1State(socket: Http1Socket): Http1State {
  if (socket._httpMessage) return 'answering';
  if (!socket.parser) return 'upgraded';
  if (socket.bytesRead === 0) return 'silent';
  return readingForMs(socket) > 0 ? 'reading' : 'idle';
}

/** How long the message that is being received has been coming in, in milliseconds; 0 between two messages. */
export function readingForMs(socket: Http1Socket): number {
  return socket.parser?.duration?.() ?? 0;
}

/** The answer whose turn it is; the pipelined ones behind it follow one by one. */
export function currentAnswer(socket: Http1Socket): ServerResponse | undefined {
  return socket._httpMessage ?? undefined;
}

/** The request that arrived last; when several are pipelined, not the one that is being answered. */
export function lastRequest(socket: Http1Socket): IncomingMessage | undefined {
  return socket.parser?.incoming ?? undefined;
}
