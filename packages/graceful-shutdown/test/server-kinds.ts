// The servers of these tests: every request is answered when `release()` is called, so that a test decides what is in flight.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { certificate } from '@silly-face/testing';
import { WebSocketServer } from 'ws';

/** `unix` is HTTP over a path, `ws` and `wss` are WebSocket servers. */
export type ServerKind = 'http' | 'https' | 'unix' | 'ws' | 'wss' | 'h2c' | 'h2' | 'net' | 'tls';

export interface TestServer {
  server: Server;
  port: number;
  /** Of the socket's file, of a `unix` server. */
  path: string | undefined;
  /** How many requests (or, for net and tls, connections) have arrived. */
  arrived(): number;
  /** Answers all that wait, and from now on everything at once. */
  release(): void;
}

const settings = { enableConnectProtocol: true };
/** More than the kernel takes for a client that does not read. */
const LARGE = `${'x'.repeat(16 * 1024 * 1024)} is large`;

export async function startServer(kind: ServerKind, signal: () => AbortSignal): Promise<TestServer> {
  let arrived = 0;
  let released = false;
  const waiting: (() => void)[] = [];
  const whenReleased = (answer: () => void): void => void (released ? answer() : waiting.push(answer));

  const onRequest: http.RequestListener = (request, response) => {
    arrived += 1;
    if (request.url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: hello\n\n');
      signal().addEventListener('abort', () => response.end('data: bye\n\n'));
    } else if (request.url === '/half-answered') {
      response.write('first half, ');
      whenReleased(() => {
        response.write('more, ');
        response.end('second half');
      });
    } else if (request.url === '/poll') {
      signal().addEventListener('abort', () => response.end('nothing new'));
    } else if (request.url === '/large') {
      response.end(LARGE);
    } else if (request.url === '/at-once') {
      response.end('at once');
    } else {
      request.resume().on('end', () => whenReleased(() => response.end(`answer to ${request.url}`)));
    }
  };
  const onUpgrade = (_request: http.IncomingMessage, socket: net.Socket): void => {
    arrived += 1;
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
    signal().addEventListener('abort', () => socket.end('bye'));
    socket.on('error', () => {});
  };
  const onConnect = (_request: http.IncomingMessage, socket: net.Socket): void => {
    arrived += 1;
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    signal().addEventListener('abort', () => socket.end('bye'));
    socket.on('error', () => {});
  };
  /** RFC 8441, with which WebSockets come over HTTP/2. */
  const onExtendedConnect = (
    _request: http2.Http2ServerRequest,
    response: http2.Http2ServerResponse,
  ): void => {
    arrived += 1;
    response.write('hello, ');
    signal().addEventListener('abort', () => response.end('bye'));
  };
  const withWebSockets = (server: http.Server | https.Server): Server => {
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => {
      arrived += 1;
      signal().addEventListener('abort', () => socket.close(1001, 'going away'));
    });
    return server;
  };
  const onConnection = (socket: net.Socket): void => {
    arrived += 1;
    socket.write('hello, ');
    signal().addEventListener('abort', () => socket.end('bye'));
    socket.on('error', () => {});
  };
  const make: Record<ServerKind, () => Server> = {
    http: () => http.createServer(onRequest).on('upgrade', onUpgrade).on('connect', onConnect),
    https: () => https.createServer(certificate, onRequest).on('upgrade', onUpgrade).on('connect', onConnect),
    unix: () => http.createServer(onRequest),
    ws: () => withWebSockets(http.createServer()),
    wss: () => withWebSockets(https.createServer(certificate)),
    h2c: () => http2.createServer({ settings }, onRequest as never).on('connect', onExtendedConnect),
    h2: () =>
      http2
        .createSecureServer({ ...certificate, settings, allowHTTP1: true }, onRequest as never)
        .on('connect', onExtendedConnect),
    net: () => net.createServer(onConnection),
    tls: () => tls.createServer(certificate, onConnection),
  };
  const server = make[kind]();
  const path = kind === 'unix' ? join(tmpdir(), `silly-face-${randomUUID()}.sock`) : undefined;
  if (path) server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    path,
    arrived: () => arrived,
    release() {
      released = true;
      for (const answer of waiting.splice(0)) answer();
    },
  };
}
