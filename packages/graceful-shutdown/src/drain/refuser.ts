import type { EventEmitter } from 'node:events';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

type Listener = Parameters<EventEmitter['on']>[1];

/**
 * From `start()` on, answers every request itself and keeps it from the application, whose listeners `stop()` gives back.
 * The announcer starts after it and adds `Connection: close`.
 */
export class Refuser {
  readonly #server: EventEmitter;
  readonly #status: number;
  readonly #bodyTimeoutMs: number;
  readonly #taken = new Map<string, Listener[]>();

  constructor(server: EventEmitter, status: number, bodyTimeoutMs: number) {
    this.#server = server;
    this.#status = status;
    this.#bodyTimeoutMs = bodyTimeoutMs;
  }

  start(): void {
    for (const [event, refuse] of Object.entries(this.#refusals)) {
      const listeners = this.#server.rawListeners(event) as Listener[];
      // Node does something of its own where the application does not listen.
      if (listeners.length === 0) continue;
      this.#taken.set(event, listeners);
      this.#server.removeAllListeners(event).on(event, refuse);
    }
  }

  stop(): void {
    for (const [event, listeners] of this.#taken) {
      this.#server.off(event, this.#refusals[event] as Listener);
      for (const listener of listeners) this.#server.on(event, listener);
    }
    this.#taken.clear();
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(this.#status, { 'Retry-After': 0, 'Content-Length': 0 }).flushHeaders();
    // Node ends the socket behind the answer. If bytes of the body came after that, the client would be reset before it has read it.
    const end = (): void => void response.end();
    const timer = setTimeout(end, this.#bodyTimeoutMs);
    response.once('close', () => clearTimeout(timer));
    request.once('end', end).resume();
  };

  readonly #onUpgrade = (_request: IncomingMessage, socket: Socket): void => {
    socket.on('error', () => socket.destroy());
    const reason = STATUS_CODES[this.#status] ?? 'Refused';
    socket.write(
      `HTTP/1.1 ${this.#status} ${reason}\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n`,
    );
    socket.destroySoon();
  };

  readonly #onStream = (stream: ServerHttp2Stream): void => {
    stream.on('error', () => stream.destroy()).resume();
    stream.respond({ ':status': this.#status, 'retry-after': '0' }, { endStream: true });
  };

  readonly #refusals: Readonly<Record<string, Listener>> = {
    request: this.#onRequest,
    checkContinue: this.#onRequest,
    checkExpectation: this.#onRequest,
    upgrade: this.#onUpgrade,
    connect: this.#onUpgrade,
    stream: this.#onStream,
  };
}
