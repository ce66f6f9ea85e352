// A server whose answers take their time, ended on SIGTERM by the library that is named as the argument.
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Each ends the process once its library says that the server has ended. */
const libraries: Record<string, (server: Server) => void | Promise<void>> = {
  async ours(server) {
    const { gracefulShutdown } = await import('@silly-face/graceful-shutdown');
    gracefulShutdown({ servers: [server] });
  },
  'http-terminator'(server) {
    const { createHttpTerminator } = require('http-terminator') as {
      createHttpTerminator: (options: { server: Server }) => { terminate(): Promise<void> };
    };
    const terminator = createHttpTerminator({ server });
    process.once('SIGTERM', () => void terminator.terminate().then(() => process.exit(0)));
  },
  stoppable(server) {
    const stoppable = require('stoppable') as (
      server: Server,
    ) => Server & { stop(callback: () => void): void };
    const stopping = stoppable(server);
    process.once('SIGTERM', () => stopping.stop(() => process.exit(0)));
  },
  'node:http close'(server) {
    process.once('SIGTERM', () => server.close(() => process.exit(0)));
  },
};

const server = createServer((request, response) => {
  const delayMs = Number(new URL(request.url ?? '/', 'http://localhost').searchParams.get('delayMs'));
  setTimeout(() => response.end('done'), delayMs);
});
await libraries[process.argv[2] ?? '']?.(server);
server.listen({ port: 0, host: '127.0.0.1' }, () => {
  const address = server.address();
  console.log(typeof address === 'object' && address ? address.port : '');
});
