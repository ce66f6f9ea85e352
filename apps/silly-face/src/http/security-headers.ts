import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The API itself loads nothing and belongs in no frame; its documentation page says otherwise for itself. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A year. Of this host alone: what its neighbours serve is not ours to say. */
const HSTS = 'max-age=31536000';

export function securityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    setSecurityHeaders(request, reply);
    done();
  });
}

export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(HEADERS).header('x-request-id', request.id);
  // Over plain HTTP browsers have to ignore it; `protocol` is what a trusted proxy says.
  if (request.protocol === 'https') reply.header('strict-transport-security', HSTS);
}
