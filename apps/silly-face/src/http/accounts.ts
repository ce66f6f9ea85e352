import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { signUp } from '../store/players.ts';
import { anonymousRequest, tellReplay } from './idempotency.ts';
import { Credentials, Player } from './schemas.ts';
import type { Services } from './services.ts';

export const accounts: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.post(
    '/accounts',
    {
      schema: {
        tags: ['account'],
        security: [],
        summary: 'Sign up',
        body: Credentials,
        response: { 201: z.object({ player: Player }) },
      },
    },
    async (request, reply) => {
      const keyed = anonymousRequest(request, { name: request.body.name });
      const answer = tellReplay(reply, await signUp(dbOf(request), keyed, request.body));
      return reply.code(201).send(answer);
    },
  );
};
