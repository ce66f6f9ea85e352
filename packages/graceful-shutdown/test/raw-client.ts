// A client that sends exactly these bytes and keeps all that comes back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { waitUntil } from '@silly-face/testing';

export interface RawClient {
  send(bytes: string): void;
  /** Sends no more, but still reads. */
  halfClose(): void;
  /** Leaves what the server sends in the kernel, until `read()`. */
  stopReading(): void;
  read(): void;
  received(): string;
  /** Waits until the server's bytes contain this. */
  hears(part: string): Promise<void>;
  /** Resolves with all that was received, once the connection has ended in whatever way. */
  ended: Promise<string>;
  destroy(): void;
}

/** To a port of 127.0.0.1 or to a unix socket. */
export async function connectRaw(to: number | string, secure = false): Promise<RawClient> {
  const address = typeof to === 'string' ? { path: to } : { port: to, host: '127.0.0.1' };
  if (secure) return shakeHands(connect(address));
  const socket = connect({ ...address, allowHalfOpen: true }).on('end', () => socket.end());
  await once(socket, 'connect');
  return rawClient(socket);
}

/** TLS over a connection that is open already. */
export async function shakeHands(over: Socket): Promise<RawClient> {
  const socket = connectTls({ socket: over, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  return rawClient(socket);
}

function rawClient(socket: Socket): RawClient {
  let received = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => (received += chunk));
  // A server that destroys a connection may reset it: `close` follows, and that is what counts here.
  socket.on('error', () => {});
  return {
    send: (bytes) => void socket.write(bytes),
    halfClose: () => void socket.end(),
    stopReading: () => void socket.pause(),
    read: () => void socket.resume(),
    received: () => received,
    hears: async (part) =>
      void (await waitUntil(() => received.includes(part), {
        what: `the server to send ${JSON.stringify(part)}`,
      })),
    ended: once(socket, 'close').then(() => received),
    destroy: () => void socket.destroy(),
  };
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
}
