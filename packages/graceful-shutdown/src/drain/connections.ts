import type { Server, Socket } from 'node:net';
import { Server as TlsServer, TLSSocket } from 'node:tls';

/** The open sockets of one server. A TLS connection is its raw socket until the handshake is done, then its TLSSocket. */
export interface Connections extends Iterable<Socket> {
  /** Is the TLS handshake of this socket still going on? */
  isHandshaking(socket: Socket): boolean;
  /** Resolves as soon as no socket is open. */
  gone(): Promise<void>;
  readonly dispose: () => void;
}

/** Costs a Set entry and a `close` listener per connection, nothing per request. */
export function watchConnections(server: Server): Connections {
  const isTls = server instanceof TlsServer;
  const sockets = new Set<Socket>();
  let onGone = (): void => {};

  const remove = (socket: Socket): void => {
    sockets.delete(socket);
    if (sockets.size === 0) onGone();
  };
  const add = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => remove(socket));
  };
  const addSecure = (socket: TLSSocket): void => {
    // lib/_tls_wrap.js has no public name for the raw socket.
    const { _parent: raw } = socket as TLSSocket & { _parent?: Socket };
    add(socket);
    if (raw) remove(raw);
  };

  server.on('connection', add);
  if (isTls) server.on('secureConnection', addSecure);
  return {
    [Symbol.iterator]: () => sockets.keys(),
    isHandshaking: (socket) => isTls && !(socket instanceof TLSSocket),
    async gone() {
      if (sockets.size > 0) await new Promise<void>((resolve) => (onGone = resolve));
    },
    dispose: () => void server.off('connection', add).off('secureConnection', addSecure),
  };
}
