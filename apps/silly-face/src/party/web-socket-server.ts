import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Edge } from './edge.ts';
import { PartyWebSocket, WebSocketConnection } from './web-socket-connection.ts';

/** Its server answers nothing but an upgrade, on any path. */
export function webSocketServer(edge: Edge, origins: readonly string[] | undefined): Server {
  const { authTimeoutMs, frameBytes } = edge.limits;
  const webSockets = new WebSocketServer({
    noServer: true,
    WebSocket: PartyWebSocket,
    maxPayload: frameBytes,
    maxFragments: MOST_FRAGMENTS,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
  });
  const server = createServer(
    {
      headersTimeout: authTimeoutMs,
      requestTimeout: authTimeoutMs,
      keepAliveTimeout: 1_000,
      connectionsCheckingInterval: Math.min(authTimeoutMs, 1_000),
      maxHeaderSize: 8_192,
    },
    (_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
    },
  );
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { origin } = request.headers;
    if (origin !== undefined && origins !== undefined && !origins.includes(origin))
      return forbid(socket as Socket);
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      void new WebSocketConnection(edge, webSocket, socket as Socket);
    });
  });
  return server;
}

const MOST_FRAGMENTS = 64;

/** A page of somebody else's. Pages cannot say BYE before the upgrade, so this is HTTP's. */
function forbid(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.write('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  socket.destroySoon();
}
