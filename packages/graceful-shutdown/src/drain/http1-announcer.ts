import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { currentAnswer, lastRequest } from './http1-socket.ts';

/**
 * From now on, puts `Connection: close` on the last answer of every HTTP/1 connection; the returned function ends that. Before,
 * nothing runs per request.
 *
 * `shouldKeepAlive` instead of a header: it can be taken back when a pipelined request arrives behind an answer that has not
 * been written yet (only the last may announce the close, Node drops what follows), and an application's own header wins.
 */
export function announceClose(server: EventEmitter, sockets: Iterable<Socket>): () => void {
  const announced = new WeakMap<Socket, ServerResponse>();

  const announce = (socket: Socket, response: ServerResponse): void => {
    const earlier = announced.get(socket);
    if (earlier && !earlier.headersSent) earlier.shouldKeepAlive = true;
    // Nothing to announce on an answer that is already written, or that closes anyway.
    if (response.headersSent || !response.shouldKeepAlive) return;
    response.shouldKeepAlive = false;
    announced.set(socket, response);
    // Before Node's own listener, which ends the socket.
    response.prependOnceListener('finish', () => endBehindBody(socket, response));
  };

  /** Answers begun before the drain: the one whose turn it is, then those behind it as their turn comes. */
  const followInFlight = (socket: Socket): void => {
    const answer = currentAnswer(socket);
    if (!answer) return;
    const last = lastRequest(socket);
    if (!last || last === answer.req) announce(socket, answer);
    // Node's own `finish` listener came first: the next answer has the socket by now.
    else answer.once('finish', () => announced.has(socket) || followInFlight(socket));
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.httpVersionMajor === 1) announce(request.socket, response);
  };

  for (const socket of sockets) followInFlight(socket);
  // Where nobody listens, Node does something of its own: it answers `checkContinue` with 100, and an HTTP/2 server whose
  // application takes `stream` would begin to make requests of its streams.
  const events = ['request', 'checkContinue', 'checkExpectation'].filter(
    (event) => server.listenerCount(event) > 0,
  );
  for (const event of events) server.prependListener(event, onRequest);
  return () => {
    for (const event of events) server.off(event, onRequest);
  };
}

/** Where an answer came before its request's body, an end right behind it would reset the client while it sends and has not read. */
function endBehindBody(socket: Socket, { req: request, shouldKeepAlive }: ServerResponse): void {
  if (shouldKeepAlive || request.complete) return;
  const destroySoon = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    socket.destroySoon = destroySoon;
    request.once('close', () => socket.destroySoon()).resume();
  };
}
