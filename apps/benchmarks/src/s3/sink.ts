// An S3 that keeps nothing, in a process of its own. It is there to be faster than every client, so it reads into one reused
// buffer and knows of HTTP what it takes to find a body's end. It checks nothing: a checksum that it was sent is sent back.
//
// Its first message names its ports; each message to it ('count') is answered with the Counts since the one before.
import { createServer, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { certificate } from '@silly-face/testing';
import { answerTo } from './sink-answers.ts';
import { RequestReader } from './request-reader.ts';

export interface Ports {
  http: number;
  https: number;
}

export interface Counts {
  requests: number;
  /** That carried at least one of them. */
  connections: number;
  /** Of bodies, as they came over the wire, that nobody waited for included. */
  bodyBytes: number;
}

let counts: Counts = { requests: 0, connections: 0, bodyBytes: 0 };

const buffer = Buffer.allocUnsafe(256 * 1024);

const http = createServer({ noDelay: true }, (accepted) => {
  const { socket, onData } = withReusedBuffer(accepted);
  serve(socket, onData);
});
const https = createTlsServer({ ...certificate, minVersion: 'TLSv1.3' }, (socket) => {
  socket.setNoDelay(true);
  serve(socket, (read) => void socket.on('data', (chunk: Buffer) => read(chunk, chunk.length)));
});

/** A client may know of its refusal and go on sending for a while: that is its own, and not of whoever comes next. */
const refused = new Set<Socket>();

process.on('message', () => void tell());
process.on('disconnect', () => process.exit());
process.send?.({ http: await portOf(http), https: await portOf(https) } satisfies Ports);

async function tell(): Promise<void> {
  await Promise.all([...refused].map((socket) => once(socket, 'close')));
  process.send?.(counts);
  counts = { requests: 0, connections: 0, bodyBytes: 0 };
}

type Read = (bytes: Buffer, length: number) => void;

function serve(socket: Socket, onData: (read: Read) => void): void {
  let countedIn: Counts | undefined;
  const reader = new RequestReader({
    onHead(head) {
      counts.requests++;
      if (countedIn !== counts) counts.connections++;
      countedIn = counts;
      const refusal = answerTo.head(head);
      if (refusal !== undefined) {
        refused.add(socket.once('close', () => refused.delete(socket)));
        socket.end(refusal, 'latin1');
      } else if (head.headers.get('expect') === '100-continue') socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    },
    onBody: (bytes) => void (counts.bodyBytes += bytes),
    onEnd(head) {
      if (refused.has(socket)) socket.destroySoon();
      else socket.write(answerTo.whole(head), 'latin1');
    },
  });
  // A client that was refused may well cut the connection.
  socket.on('error', () => socket.destroy());
  onData((bytes, length) => reader.read(bytes, length));
}

/**
 * Half of the CPU of a server that reads at this pace is that of allocating its chunks. Only a socket that is made with
 * `onread` does without, which Node offers for those that connect; where an accepted one cannot be made anew, it has chunks.
 */
function withReusedBuffer(accepted: Socket): { socket: Socket; onData: (read: Read) => void } {
  const owner = accepted as unknown as { _handle: unknown };
  const handle = owner._handle;
  if (!handle)
    return {
      socket: accepted,
      onData: (read) => void accepted.on('data', (chunk: Buffer) => read(chunk, chunk.length)),
    };
  owner._handle = null;
  let read: Read = () => {};
  const callback = (length: number): boolean => {
    read(buffer, length);
    return true;
  };
  const options = { handle, readable: true, writable: true, onread: { buffer, callback } };
  const socket = new Socket(options);
  return {
    socket,
    onData(to) {
      read = to;
      socket.read(0);
    },
  };
}

async function portOf(server: Server): Promise<number> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 511 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
