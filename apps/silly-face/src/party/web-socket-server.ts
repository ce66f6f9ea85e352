import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Edge } from './edge.ts';
import { WebSocketConnection } from './web-socket-connection.ts';
import { upgradeAnswer } from './web-socket-upgrade.ts';

export interface WebSocketServerOptions {
  /** From which pages browsers may connect. Without it: from all. */
  readonly origins?: readonly string[] | undefined;
  /** Answers what is no upgrade. Without it: 426. */
  readonly pages?: RequestListener | undefined;
}

/** Upgrades are taken on any path. */
export function webSocketServer(
  edge: Edge,
  { origins, pages = upgradeRequired }: WebSocketServerOptions,
): Server {
  const { authTimeoutMs } = edge.limits;
  const server = createServer(
    {
      headersTimeout: authTimeoutMs,
      requestTimeout: authTimeoutMs,
      keepAliveTimeout: 1_000,
      connectionsCheckingInterval: Math.min(authTimeoutMs, 1_000),
      maxHeaderSize: 8_192,
      noDelay: true,
    },
    pages,
  );
  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    const { origin } = request.headers;
    if (origin !== undefined && origins !== undefined && !origins.includes(origin))
      return refuse(socket, '403 Forbidden');
    const answer = upgradeAnswer(request);
    if (answer === undefined) return refuse(socket, '400 Bad Request');
    socket.write(answer);
    void new WebSocketConnection(edge, socket, head);
  });
  return server;
}

export const upgradeRequired: RequestListener = (_, response) => {
  response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
};

/** Pages cannot say BYE before the upgrade, so this is HTTP's. */
function refuse(socket: Socket, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n`,
  );
  socket.destroySoon();
}
