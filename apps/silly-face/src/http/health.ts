import { healthHandler, type HealthEndpoint } from '@silly-face/graceful-shutdown';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
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
  const endpoints: [path: string, summary: string, endpoint: HealthEndpoint, response: object][] = [
    ['/_health', 'ok, or 503 while draining', handler, { 200: text('ok'), 503: text('draining') }],
    [
      '/live',
      'ok as long as this process can answer: whether to replace it',
      handler.live,
      { 200: text('ok') },
    ],
    [
      '/ready',
      'Whether this process should get requests: 503 while draining',
      handler.ready,
      { 200: json('ok'), 503: json('draining') },
    ],
  ];
  for (const [path, summary, endpoint, response] of endpoints) {
    app.get(
      path,
      { logLevel: 'warn', schema: { tags: ['operation'], security: [], summary, response } },
      async (_, reply) => {
        const { status, headers, body } = await endpoint.answer();
        return reply.code(status).headers(headers).send(body);
      },
    );
  }
};

function text(state: string): object {
  return { description: state, content: { 'text/plain': { schema: z.literal(state) } } };
}

function json(status: string): object {
  const schema = z.object({ status: z.literal(status), checks: z.object({}) });
  return { description: status, content: { 'application/json': { schema } } };
}
