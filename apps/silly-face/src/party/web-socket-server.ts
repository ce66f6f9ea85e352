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
  const { authTimeoutMs, newcomers } = edge.limits;
  const server = createServer(
    {
      headersTimeout: authTimeoutMs,
      requestTimeout: authTimeoutMs,
      connectionsCheckingInterval: Math.min(authTimeoutMs, 1_000),
      maxHeaderSize: 8_192,
      noDelay: true,
    },
    pages,
  );
  boundSilent(server, newcomers);
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

/** Of those that have not asked for anything yet, the oldest gives way: who comes anew, with a health check perhaps, is heard. */
function boundSilent(server: Server, most: number): void {
  const silent = new Set<Socket>();
  const forget = function forget(this: Socket): void {
    silent.delete(this);
  };
  const hasAsked = ({ socket }: IncomingMessage): void => {
    silent.delete(socket);
    socket.off('close', forget);
  };
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.on('close', forget);
    if (silent.size <= most) return;
    const [oldest] = silent;
    if (oldest === undefined) return;
    silent.delete(oldest);
    refuse(oldest, '503 Service Unavailable');
  });
  // Nobody is silent again behind an answer: that is the end. Before the pages, which answer at once.
  server.prependListener('request', (request, response) => {
    hasAsked(request);
    response.shouldKeepAlive = false;
  });
  server.on('upgrade', hasAsked);
}

/** Pages cannot say BYE before the upgrade, so this is HTTP's. */
function refuse(socket: Socket, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n`,
  );
  socket.destroySoon();
}
