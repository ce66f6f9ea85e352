import type { Server, Socket } from 'node:net';
import { Server as TlsServer, TLSSocket } from 'node:tls';

/**
 * The open sockets of one server. Costs a Set entry and a `close` listener per connection, nothing per request.
 * A TLS connection is its raw socket until the handshake is done, then its TLSSocket.
 */
export class Connections implements Iterable<Socket> {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #onGone = (): void => {};

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', this.#add);
    if (server instanceof TlsServer) server.on('secureConnection', this.#addSecure);
  }

  [Symbol.iterator](): Iterator<Socket> {
    return this.#sockets.keys();
  }

  /** Is the TLS handshake of this socket still going on? */
  isHandshaking(socket: Socket): boolean {
    return this.#server instanceof TlsServer && !(socket instanceof TLSSocket);
  }

  /** Resolves as soon as no socket is open. */
  async gone(): Promise<void> {
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => (this.#onGone = resolve));
  }

  dispose(): void {
    this.#server.off('connection', this.#add).off('secureConnection', this.#addSecure);
  }

  readonly #add = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#remove(socket));
  };

  readonly #addSecure = (socket: TLSSocket): void => {
    // lib/_tls_wrap.js has no public name for the raw socket.
    const { _parent: raw } = socket as TLSSocket & { _parent?: Socket };
    this.#add(socket);
    if (raw) this.#remove(raw);
  };

  #remove(socket: Socket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onGone();
  }
}
