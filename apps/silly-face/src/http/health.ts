import { healthHandler, type HealthEndpoint } from '@silly-face/graceful-shutdown';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Services } from './services.ts';

/**
 * Whether this process takes requests. Not whether the database answers: all processes have the same one, so that taking one out
 * or replacing it would mend nothing, and taking out all of them would turn the clear answer "503, try again" into none.
 */
export const health: FastifyPluginAsyncZod<Services> = async (app, { isDraining }) => {
  const handler = healthHandler({
    get state() {
      return isDraining() ? 'draining' : 'running';
    },
  });
  const endpoints: [path: string, summary: string, endpoint: HealthEndpoint][] = [
    ['/_health', 'ok, or 503 while draining', handler],
    ['/live', 'ok as long as this process can answer: whether to replace it', handler.live],
    ['/ready', 'Whether this process should get requests: 503 while draining', handler.ready],
  ];
  for (const [path, summary, endpoint] of endpoints) {
    app.get(
      path,
      { logLevel: 'warn', schema: { tags: ['operation'], security: [], summary } },
      async (_, reply) => {
        const { status, headers, body } = await endpoint.answer();
        return reply.code(status).headers(headers).send(body);
      },
    );
  }
};
