import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Services } from './services.ts';

/** Whether this process takes requests. Not whether the database answers: replacing the process would not help. */
export const health: FastifyPluginAsyncZod<Services> = async (app, { isDraining }) => {
  app.get(
    '/_health',
    { logLevel: 'warn', schema: { tags: ['operation'], security: [], summary: 'ok, or 503 while draining' } },
    async (_, reply) => {
      reply.type('text/plain; charset=utf-8');
      return isDraining() ? reply.code(503).send('draining') : 'ok';
    },
  );
};
