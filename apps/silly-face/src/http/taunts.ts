import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { taunt } from '../store/taunts.ts';
import { answerOnce, keyedRequest } from './idempotency.ts';
import { RoundParams, Taunt, TauntText } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

export const taunts: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.post(
    '/rounds/:id/taunts',
    {
      schema: {
        tags: ['game'],
        summary: 'Taunt the other player',
        params: RoundParams,
        body: z.strictObject({ text: TauntText }),
        response: { 201: z.object({ taunt: Taunt }) },
      },
    },
    async (request, reply) => {
      const db = dbOf(request);
      const at = { roundId: request.params.id, playerId: member(request).player.id };
      const keyed = keyedRequest(request, request.body);
      const answer = await answerOnce({ db, reply, keyed }, async () => ({
        taunt: await taunt(db, at, request.body.text),
      }));
      return reply.code(201).send(answer);
    },
  );
};
