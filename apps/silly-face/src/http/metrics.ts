import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isDirectlyLocal } from './caller.ts';
import { Problem } from './problem.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { bearerToken } from './session-guard.ts';

/** For programs on this machine that ask directly, and for who knows the token. */
export function metrics(app: FastifyInstance, measured: RequestMetrics, token: string | undefined): void {
  app.get('/metrics', { logLevel: 'warn', schema: { hide: true } }, async (request, reply) => {
    if (!isDirectlyLocal(request) && !knows(request, token))
      throw new Problem('metrics-forbidden', 'The metrics are for this machine, or for who has their token');
    const { type, text } = await measured.text();
    return reply.type(type).send(text);
  });
}

function knows({ headers }: FastifyRequest, token: string | undefined): boolean {
  const given = bearerToken(headers.authorization);
  return given !== undefined && token !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Of equal length whatever the text. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
