import type { EventEmitter } from 'node:events';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

type Listener = Parameters<EventEmitter['on']>[1];

/**
 * Answers every request from now on and keeps it from the application, whose listeners the returned function gives back.
 * Announce the close after it, so that these answers have their `Connection: close` too.
 */
export function refuseRequests(server: EventEmitter, status: number, bodyTimeoutMs: number): () => void {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { 'Retry-After': 0, 'Content-Length': 0 }).flushHeaders();
    // Node ends the socket behind the answer. If bytes of the body came after that, the client would be reset before it has read it.
    const end = (): void => void response.end();
    const timer = setTimeout(end, bodyTimeoutMs);
    response.once('close', () => clearTimeout(timer));
    request.once('end', end).resume();
  };

  const onUpgrade = (_request: IncomingMessage, socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`;
    socket.write(`${statusLine}\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n`);
    socket.destroySoon();
  };

  const onStream = (stream: ServerHttp2Stream): void => {
    stream.on('error', () => stream.destroy()).resume();
    stream.respond({ ':status': status, 'retry-after': '0' }, { endStream: true });
  };

  const refusals: Readonly<Record<string, Listener>> = {
    request: onRequest,
    checkContinue: onRequest,
    checkExpectation: onRequest,
    upgrade: onUpgrade,
    connect: onUpgrade,
    stream: onStream,
  };
  const giveBack: (() => void)[] = [];
  for (const [event, refuse] of Object.entries(refusals)) {
    const listeners = server.rawListeners(event) as Listener[];
    // Node does something of its own where the application does not listen.
    if (listeners.length === 0) continue;
    server.removeAllListeners(event).on(event, refuse);
    giveBack.push(() => {
      server.off(event, refuse);
      for (const listener of listeners) server.on(event, listener);
    });
  }
  return () => {
    for (const each of giveBack) each();
  };
}
