import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Proxy extends AsyncDisposable {
  /** The given connection string, through the proxy. */
  readonly connectionString: string;
  /** How often the client has spoken up again after it had heard an answer. */
  roundTrips: number;
  /** Changes what the client sends on its way. */
  rewrite: ((bytes: Buffer) => Buffer) | undefined;
  /** From now on nothing passes on the connections that are open: they are there, and half open. New ones are not affected. */
  freeze(): void;
  /** Changes what the server answers on its way. */
  rewriteAnswer: ((bytes: Buffer) => Buffer) | undefined;
}

/** A proxy between a pool and its server. */
export async function startProxy(target: string): Promise<Proxy> {
  const url = new URL(target);
  const upstreamAddress = { port: Number(url.port), host: url.hostname };
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  const server = createServer((client) => {
    const upstream = connect(upstreamAddress);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.end();
      });
    }
    let answered = true;
    client.on('data', (bytes) => {
      if (frozen.has(client)) return;
      if (answered) proxy.roundTrips++;
      answered = false;
      upstream.write(proxy.rewrite?.(bytes) ?? bytes);
    });
    upstream.on('data', (bytes) => {
      if (frozen.has(upstream)) return;
      answered = true;
      client.write(proxy.rewriteAnswer?.(bytes) ?? bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = String((server.address() as AddressInfo).port);
  const proxy: Proxy = {
    connectionString: url.href,
    roundTrips: 0,
    rewrite: undefined,
    rewriteAnswer: undefined,
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

/** Makes the server refuse a statement, without a change to what surrounds it on the wire. */
export function garble(statement: string): (bytes: Buffer) => Buffer {
  return (bytes) =>
    Buffer.from(bytes.toString('latin1').replaceAll(statement, statement.replaceAll(/\w/g, 'x')), 'latin1');
}
