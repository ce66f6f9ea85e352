import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { RequestListener, Server as HttpServer } from 'node:http';
import type { PartyConnection, PartyHandler } from './connection.ts';
import { Edge, type EdgeCounts, type EdgeOptions } from './edge.ts';
import { TcpConnection } from './tcp-connection.ts';
import { webSocketServer } from './web-socket-server.ts';

export interface PartyServerOptions extends EdgeOptions {
  /** From which pages browsers may connect, such as `https://silly.example`. Without it: from all. */
  readonly origins?: readonly string[];
  /** Answers plain HTTP requests at the WebSockets' server. Without it: 426. */
  readonly pages?: RequestListener;
}

/** The clients of one process, over TCP and WebSockets. Its servers listen once their `listen` is called. */
export class PartyServer {
  readonly tcp: Server;
  readonly webSocket: HttpServer;
  readonly #edge: Edge;

  /** @throws {PartyOptionError} */
  constructor(handler: PartyHandler, { origins, pages, ...options }: PartyServerOptions) {
    const edge = new Edge(handler, options);
    this.#edge = edge;
    // Half open: a client that ends its side after RING still gets its answer.
    this.tcp = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      void new TcpConnection(edge, socket);
    });
    this.webSocket = webSocketServer(edge, { origins, pages });
  }

  /** With those that are on their way out. */
  get connections(): ReadonlySet<PartyConnection> {
    return this.#edge.connections;
  }

  get counts(): Readonly<EdgeCounts> {
    return this.#edge.counts;
  }

  /** Accepts no more. Those who are here stay. */
  stopAccepting(): void {
    for (const server of [this.tcp, this.webSocket]) if (server.listening) server.close();
    this.webSocket.closeIdleConnections();
  }

  /** Accepts no more, says BYE to all who are here, and waits until they are gone: `closeTimeoutMs` and a sweep at most. */
  async close(): Promise<void> {
    const closed = [this.tcp, this.webSocket]
      .filter((server) => server.listening)
      .map((server) => once(server, 'close'));
    this.stopAccepting();
    for (const connection of this.connections)
      connection.bye('shutting-down', 'This process ends; ask for a seat again');
    this.webSocket.closeAllConnections();
    await Promise.all([...closed, this.#edge.empty()]);
  }
}
