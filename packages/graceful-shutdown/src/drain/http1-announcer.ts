import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { currentAnswer, lastRequest } from './http1-socket.ts';

const REQUEST_EVENTS = ['request', 'checkContinue', 'checkExpectation'] as const;

/**
 * From `start()` on, puts `Connection: close` on the last answer of every HTTP/1 connection. Before that, nothing runs per request.
 *
 * `shouldKeepAlive` instead of a header: it can be taken back when a pipelined request arrives behind an answer that has not
 * been written yet (only the last may announce the close, Node drops what follows), and an application's own header wins.
 */
export class Http1Announcer {
  readonly #server: EventEmitter;
  readonly #announced = new WeakMap<Socket, ServerResponse>();
  readonly #listened: string[] = [];

  constructor(server: EventEmitter) {
    this.#server = server;
  }

  start(sockets: Iterable<Socket>): void {
    for (const socket of sockets) this.#followInFlight(socket);
    // Where nobody listens, Node does something of its own: it answers `checkContinue` with 100, and an HTTP/2 server whose
    // application takes `stream` would begin to make requests of its streams.
    for (const event of REQUEST_EVENTS) {
      if (this.#server.listenerCount(event) === 0) continue;
      this.#server.prependListener(event, this.#onRequest);
      this.#listened.push(event);
    }
  }

  stop(): void {
    for (const event of this.#listened.splice(0)) this.#server.off(event, this.#onRequest);
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.httpVersionMajor === 1) this.#announce(request.socket, response);
  };

  #announce(socket: Socket, response: ServerResponse): void {
    const earlier = this.#announced.get(socket);
    if (earlier && !earlier.headersSent) earlier.shouldKeepAlive = true;
    // Nothing to announce on an answer that is already written, or that closes anyway.
    if (response.headersSent || !response.shouldKeepAlive) return;
    response.shouldKeepAlive = false;
    this.#announced.set(socket, response);
    // Before Node's own listener, which ends the socket.
    response.prependOnceListener('finish', () => endBehindBody(socket, response));
  }

  /** Answers begun before the drain: the one whose turn it is, then those behind it as their turn comes. */
  #followInFlight(socket: Socket): void {
    const answer = currentAnswer(socket);
    if (!answer) return;
    const last = lastRequest(socket);
    if (!last || last === answer.req) this.#announce(socket, answer);
    // Node's own `finish` listener came first: the next answer has the socket by now.
    else answer.once('finish', () => this.#announced.has(socket) || this.#followInFlight(socket));
  }
}

/** Where an answer came before its request's body, an end right behind it would reset the client while it sends and has not read. */
function endBehindBody(socket: Socket, { req: request, shouldKeepAlive }: ServerResponse): void {
  if (shouldKeepAlive || request.complete) return;
  const end = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    socket.destroySoon = end;
    request.once('close', end).resume();
  };
}
