import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../store/database.ts';
import { viewRounds } from '../store/views.ts';
import { toRoundAnswer } from './round-answer.ts';
import { Player, Round } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

const Answer = z.object({ currentPlayer: Player, rounds: z.array(Round) });

export const me: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.get(
    '/me',
    {
      schema: {
        tags: ['game'],
        summary: 'The player and all of their rounds, the one that moved last first',
        response: { 200: Answer },
      },
    },
    (request) => answer(dbOf(request), member(request).player),
  );
};

async function answer(db: Database, player: z.output<typeof Player>): Promise<z.output<typeof Answer>> {
  const rounds = await viewRounds(db, player.id);
  return { currentPlayer: player, rounds: rounds.map(toRoundAnswer) };
}
