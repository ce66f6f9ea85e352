import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../store/database.ts';
import { type LastMove, viewRounds } from '../store/views.ts';
import { fromCursor, NextCursor, pageQuery, toCursor } from './pages.ts';
import { toRoundAnswer } from './round-answer.ts';
import { Player, Round } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

/** A page ends with a round, known by its last move. */
const Query = pageQuery((last) => toMove(last) !== undefined);

const Answer = z.object({ currentPlayer: Player, rounds: z.array(Round), nextCursor: NextCursor });

export const me: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.get(
    '/me',
    {
      schema: {
        tags: ['game'],
        summary: 'The player and their rounds, the one that moved last first',
        querystring: Query,
        response: { 200: Answer },
      },
    },
    (request) => answer(dbOf(request), member(request).player, request.query),
  );
};

async function answer(
  db: Database,
  player: z.output<typeof Player>,
  { limit, cursor }: z.output<typeof Query>,
): Promise<z.output<typeof Answer>> {
  const before = cursor === undefined ? undefined : toMove(fromCursor(cursor));
  const { rounds, next } = await viewRounds(db, player.id, { limit, before });
  return {
    currentPlayer: player,
    rounds: rounds.map(toRoundAnswer),
    nextCursor: next && toCursor(`${next.at} ${next.roundId}`),
  };
}

/** So many digits reach to the year 2286: Postgres knows each of these times. */
const MOVE = /^(?<at>\d{1,16}) (?<roundId>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

function toMove(last: string): LastMove | undefined {
  const { at, roundId } = MOVE.exec(last)?.groups ?? {};
  return at !== undefined && roundId !== undefined ? { at, roundId } : undefined;
}
