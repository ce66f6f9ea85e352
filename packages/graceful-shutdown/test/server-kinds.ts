// The servers of these tests: every request is answered when `release()` is called, so that a test decides what is in flight.
import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { certificate } from '@silly-face/testing';

export type ServerKind = 'http' | 'https' | 'h2c' | 'h2' | 'net' | 'tls';

export interface TestServer {
  server: Server;
  port: number;
  /** How many requests (or, for net and tls, connections) have arrived. */
  arrived(): number;
  /** Answers all that wait, and from now on everything at once. */
  release(): void;
}

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
      whenReleased(() => response.end('second half'));
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
  const onConnection = (socket: net.Socket): void => {
    arrived += 1;
    socket.write('hello, ');
    signal().addEventListener('abort', () => socket.end('bye'));
    socket.on('error', () => {});
  };
  const make: Record<ServerKind, () => Server> = {
    http: () => http.createServer(onRequest).on('upgrade', onUpgrade),
    https: () => https.createServer(certificate, onRequest),
    h2c: () => http2.createServer(onRequest as never),
    h2: () => http2.createSecureServer({ ...certificate, allowHTTP1: true }, onRequest as never),
    net: () => net.createServer(onConnection),
    tls: () => tls.createServer(certificate, onConnection),
  };
  const server = make[kind]();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    arrived: () => arrived,
    release() {
      released = true;
      for (const answer of waiting.splice(0)) answer();
    },
  };
}
