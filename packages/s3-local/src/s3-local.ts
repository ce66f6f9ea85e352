import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { S3LocalError } from './errors.ts';
import { FaultQueue } from './faults/fault-queue.ts';
import type { Faults } from './faults/fault-queue.ts';
import { validateOptions } from './options.ts';
import type { S3LocalOptions, Settings } from './options.ts';
import { serve } from './serve.ts';
import { Store } from './store/store.ts';

/** A running server. */
export interface S3Local extends AsyncDisposable {
  /** What an S3 client takes as its endpoint, such as `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly port: number;
  /** Lets requests fail on purpose, for tests. */
  readonly faults: Faults;
  /** The HTTP server underneath. */
  readonly server: Server;
  /** Takes no new connections, lets running requests end, and resolves when nothing is left. */
  close(): Promise<void>;
}

/**
 * Starts an S3 over a folder.
 *
 * @throws {S3LocalError} `EINVALIDOPTION`, `EDIRECTORY` or `ELISTEN`
 */
export async function createS3Local(options: S3LocalOptions): Promise<S3Local> {
  const settings = validateOptions(options);
  const store = await Store.open(settings.directory);
  try {
    for (const bucket of settings.buckets) await store.createBucket(bucket);
    return await listening(settings, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function listening(settings: Settings, store: Store): Promise<S3Local> {
  const running = new Set<Promise<void>>();
  const lastOn = new WeakMap<Socket, Promise<void>>();
  const faults = new FaultQueue();
  const closing = new AbortController();

  const context = { settings, store, faults, closing: closing.signal };
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    // Of requests that come one behind the other on a connection, the second may rely on what the first one does.
    const before = lastOn.get(message.socket);
    const served = before
      ? before.then(() => serve(message, response, context))
      : serve(message, response, context);
    lastOn.set(message.socket, served);
    const task = served.finally(() => {
      running.delete(task);
      if (closing.signal.aborted) server.closeIdleConnections();
    });
    running.add(task);
  };
  // A large upload may take as long as it goes on moving, so it is the idle limit alone that ends a request.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 30_000 }, onRequest);
  server.on('checkContinue', onRequest);
  server.timeout = settings.idleTimeoutMs;

  await listen(server, settings.listen);
  const { endpoint, port } = addressOf(server);

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= drain());

  async function drain(): Promise<void> {
    closing.abort();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    await Promise.all(running);
    await store.close();
  }

  return {
    endpoint,
    port,
    faults,
    server,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(server: Server, where: Settings['listen']): Promise<void> {
  const name = 'fd' in where ? `the descriptor ${where.fd}` : `${where.host}:${where.port}`;
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void =>
      reject(new S3LocalError('ELISTEN', `Cannot listen on ${name}: ${cause.message}`, { cause }));
    server.once('error', onError);
    server.listen(where, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function addressOf(server: Server): { endpoint: string; port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') {
    server.close();
    throw new S3LocalError('ELISTEN', 'Expected a TCP socket to listen on, not a pipe or unix socket');
  }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { endpoint: `http://${host}:${address.port}`, port: address.port };
}
