import { createRequire } from 'node:module';
import type { RequestListener, Server } from 'node:http';
import type { ListenOptions } from 'node:net';

const require = createRequire(import.meta.url);

/** What is ended, by whatever library. */
export interface Application {
  server: Server;
  handle: RequestListener;
  /** How long it serves on after the signal, where the library has a place for that. */
  delayMs: number;
  idleGraceMs: number;
}

/** How an application is begun that does not take its requests and does not listen in node:http's way. */
type Listen = (options: ListenOptions) => Promise<unknown>;

type Library = (application: Application) => Promise<Listen | undefined | void>;

const timeoutMs = 30_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/**
 * Each ends the process at SIGTERM, set up the way its README tells; each with the same limit of time, which is longer than any
 * measurement; loaded where it is run.
 */
export const libraries = {
  async ours({ server, delayMs, idleGraceMs }) {
    const { gracefulShutdown } = await import('@silly-face/graceful-shutdown');
    gracefulShutdown({ servers: [server], delayMs, idleGraceMs, timeoutMs });
  },
  async 'http-terminator'({ server }) {
    const { createHttpTerminator } = await import('http-terminator');
    const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: timeoutMs });
    process.once('SIGTERM', () => void terminator.terminate().then(() => process.exit(0)));
  },
  async stoppable({ server }) {
    // It comes without types.
    const stoppable = require('stoppable') as (
      server: Server,
    ) => Server & { stop(callback: () => void): void };
    const stopping = stoppable(server);
    process.once('SIGTERM', () => stopping.stop(() => process.exit(0)));
  },
  async terminus({ server, delayMs }) {
    const { createTerminus } = await import('@godaddy/terminus');
    const beforeShutdown = (): Promise<void> => sleep(delayMs);
    createTerminus(server, { signal: 'SIGTERM', timeout: timeoutMs, useExit0: true, beforeShutdown });
  },
  async 'http-graceful-shutdown'({ server, delayMs }) {
    const { default: gracefulShutdown } = await import('http-graceful-shutdown');
    const preShutdown = (): Promise<void> => sleep(delayMs);
    gracefulShutdown(server, { signals: 'SIGTERM', timeout: timeoutMs, preShutdown });
  },
  async 'close-with-grace'({ server }) {
    const { default: closeWithGrace } = await import('close-with-grace');
    const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
    closeWithGrace({ delay: timeoutMs }, close);
  },
  async 'fastify close'({ server, handle }) {
    const { fastify } = await import('fastify');
    const app = fastify({ serverFactory: (handler) => server.on('request', handler) });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.all('/*', (request, reply) => {
      reply.hijack();
      handle(request.raw, reply.raw);
    });
    process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
    return (options) => app.listen(options);
  },
  async 'node:http close'({ server }) {
    process.once('SIGTERM', () => server.close(() => process.exit(0)));
  },
  /** Every request from the signal on is answered 502, for nginx to take it elsewhere. */
  async '502 middleware'({ server, handle }) {
    let closing = false;
    process.once('SIGTERM', () => {
      closing = true;
      server.close(() => process.exit(0));
    });
    server.on('request', (request, response) => {
      if (closing) response.writeHead(502, { Connection: 'close' }).end('restarting');
      else handle(request, response);
    });
    return async (options) => server.listen(options);
  },
  /** No library, and no listener of a signal: the floor of the requests per second. */
  async 'bare node:http'() {},
} satisfies Record<string, Library>;

export type LibraryName = keyof typeof libraries;

/** Those that end a plain HTTP server as their README says, without anything around them. */
export const drainers = [
  'ours',
  'http-terminator',
  'stoppable',
  'terminus',
  'http-graceful-shutdown',
  'close-with-grace',
  'fastify close',
  'node:http close',
] as const satisfies LibraryName[];
