import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { challenge } from '../store/rounds.ts';
import { answerOnce, keyedRequest } from './idempotency.ts';
import { roundAnswer } from './round-answer.ts';
import { PlayerId, Round, RoundParams } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

export const rounds: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.post(
    '/rounds',
    {
      schema: {
        tags: ['game'],
        summary: 'Challenge another player; the challenger submits first',
        body: z.strictObject({ opponentId: PlayerId }),
        response: { 201: Round },
      },
    },
    async (request, reply) => {
      const db = dbOf(request);
      const { id } = member(request).player;
      const keyed = keyedRequest(request, request.body);
      const round = await answerOnce({ db, reply, keyed }, async () =>
        roundAnswer(db, await challenge(db, id, request.body.opponentId), id),
      );
      return reply.code(201).send(round);
    },
  );

  app.get(
    '/rounds/:id',
    {
      schema: { tags: ['game'], summary: 'One round', params: RoundParams, response: { 200: Round } },
    },
    (request) => roundAnswer(dbOf(request), request.params.id, member(request).player.id),
  );
};
