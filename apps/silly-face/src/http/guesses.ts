import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { guessFace } from '../store/moves.ts';
import { answerOnce, keyedRequest } from './idempotency.ts';
import { roundAnswer } from './round-answer.ts';
import { Round, RoundParams } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

export const guesses: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.post(
    '/rounds/:id/guesses',
    {
      schema: {
        tags: ['game'],
        summary: 'Guess the face among the choices, until it is right',
        params: RoundParams,
        body: z.strictObject({ face: z.string().max(100) }),
        response: {
          200: z.object({
            correct: z.boolean(),
            monocles: z.int().meta({ description: 'Earned by the guesser now' }),
            round: Round,
          }),
        },
      },
    },
    async (request, reply) => {
      const db = dbOf(request);
      const at = { roundId: request.params.id, playerId: member(request).player.id };
      const keyed = keyedRequest(request, request.body);
      return answerOnce({ db, reply, keyed }, async () => ({
        ...(await guessFace(db, at, request.body.face)),
        round: await roundAnswer(db, at.roundId, at.playerId),
      }));
    },
  );
};
