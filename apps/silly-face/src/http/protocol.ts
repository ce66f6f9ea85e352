import type { IncomingMessage, ServerOptions } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';

/** For `protocolFaults`: Node's own refusal of a request without Host has no body. */
export const HTTP_OPTIONS: ServerOptions = { requireHostHeader: false };

/** What HTTP/1.1 forbids is answered like every other failure, and not in Node's own way, with a bare status. */
export function protocolFaults(app: FastifyInstance): void {
  // Node keeps what it cannot meet from the app, except for those who listen for it.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.addHook('onRequest', ({ raw }, _, done) => done(faultOf(raw)));
}

function faultOf({ httpVersion, headers }: IncomingMessage): Problem | undefined {
  if (httpVersion !== '1.1') return undefined;
  if (headers.host === undefined) return new Problem('host-missing', 'Expected the header Host');
  if (headers.expect !== undefined && !/100-continue/i.test(headers.expect))
    return new Problem('expectation-failed', 'Expected no other Expect than 100-continue');
  return undefined;
}
