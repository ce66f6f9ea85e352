import type { Server, Socket } from 'node:net';
import { Server as TlsServer, TLSSocket } from 'node:tls';

/**
 * The open sockets of one server. Costs a Map entry and a `close` listener per connection, nothing per request.
 * A TLS connection is its raw socket until the handshake is done, then its TLSSocket.
 */
export class Connections implements Iterable<Socket> {
  readonly #server: Server;
  readonly #sockets = new Map<Socket, () => void>();
  readonly #waiting: (() => void)[] = [];

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
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  dispose(): void {
    this.#server.off('connection', this.#add);
    this.#server.off('secureConnection', this.#addSecure);
    for (const socket of this.#sockets.keys()) this.#remove(socket);
  }

  readonly #add = (socket: Socket): void => {
    const onClose = (): void => this.#remove(socket);
    this.#sockets.set(socket, onClose);
    socket.once('close', onClose);
  };

  readonly #addSecure = (socket: TLSSocket): void => {
    // lib/_tls_wrap.js has no public name for the raw socket.
    const { _parent: raw } = socket as TLSSocket & { _parent?: Socket };
    this.#add(socket);
    if (raw) this.#remove(raw);
  };

  #remove(socket: Socket): void {
    const onClose = this.#sockets.get(socket);
    if (!onClose) return;
    socket.off('close', onClose);
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
