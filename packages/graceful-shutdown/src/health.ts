import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GracefulShutdown } from './graceful-shutdown.ts';

/**
 * Answers a load balancer's question: 200 `ok` while the process runs, 503 with the state's name from the first signal on.
 * Answers every request it is given: the caller picks the path, usually `/_health`.
 */
export function healthHandler(
  handle: Pick<GracefulShutdown, 'state'>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    const running = handle.state === 'running';
    const body = running ? 'ok' : handle.state;
    response.writeHead(running ? 200 : 503, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    });
    response.end(body);
  };
}
