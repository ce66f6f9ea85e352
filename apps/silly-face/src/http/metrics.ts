import type { FastifyInstance } from 'fastify';
import { mayReadMetrics } from './metrics-guard.ts';
import { Problem } from './problem.ts';
import type { RequestMetrics } from './request-metrics.ts';

/** For programs on this machine that ask directly, and for who knows the token. */
export function metrics(app: FastifyInstance, measured: RequestMetrics, token: string | undefined): void {
  app.get('/metrics', { logLevel: 'warn', schema: { hide: true } }, async (request, reply) => {
    if (!mayReadMetrics(request, token))
      throw new Problem('metrics-forbidden', 'The metrics are for this machine, or for who has their token');
    const { type, text } = await measured.text();
    return reply.type(type).send(text);
  });
}
