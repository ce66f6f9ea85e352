import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { logIn, logOut } from '../store/sessions.ts';
import { anonymousRequest } from './idempotency.ts';
import { Credentials, Player } from './schemas.ts';
import type { Services } from './services.ts';
import { sessionToken } from './session-guard.ts';

export const logIns: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.post(
    '/sessions',
    {
      schema: {
        tags: ['account'],
        security: [],
        summary: 'Log in',
        description:
          'A repeat with the same Idempotency-Key gets a further session, with a token of its own; the earlier ones stay good.',
        body: Credentials,
        response: { 201: z.object({ token: z.string(), expiresAt: z.iso.datetime(), player: Player }) },
      },
    },
    async (request, reply) => {
      const keyed = anonymousRequest(request, { name: request.body.name });
      const { token, expiresAt, player } = await logIn(dbOf(request), keyed, request.body);
      return reply.code(201).send({ token, expiresAt: expiresAt.toISOString(), player });
    },
  );
};

/** Not behind `requireSession`: whoever repeats a log-out that took effect, as a proxy does, comes without a session. */
export const logOuts: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.delete(
    '/sessions/current',
    {
      schema: {
        tags: ['account'],
        summary: 'Log out',
        description: 'A repeat is answered as the first time.',
        response: { 204: z.undefined().meta({ description: 'The token opens nothing any more' }) },
      },
    },
    async (request, reply) => {
      await logOut(dbOf(request), sessionToken(request));
      return reply.code(204).send();
    },
  );
};
