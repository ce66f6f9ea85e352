import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../store/database.ts';
import { lobby } from '../store/players.ts';
import { fromCursor, NextCursor, pageQuery, toCursor } from './pages.ts';
import { Name, Player } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

/** A page ends with a name. */
const Query = pageQuery((last) => Name.safeParse(last).success);

const Page = z.object({ players: z.array(Player), nextCursor: NextCursor });

export const players: FastifyPluginAsyncZod<Services> = async (app, { dbOf }) => {
  app.get(
    '/players',
    {
      schema: {
        tags: ['game'],
        summary: 'The lobby: everybody else, by name',
        querystring: Query,
        response: { 200: Page },
      },
    },
    (request) => page(dbOf(request), member(request).player.id, request.query),
  );
};

async function page(
  db: Database,
  asker: string,
  { limit, cursor }: z.output<typeof Query>,
): Promise<z.output<typeof Page>> {
  const after = cursor === undefined ? undefined : fromCursor(cursor);
  const { players, next } = await lobby(db, asker, { limit, after });
  return { players, nextCursor: next === null ? null : toCursor(next) };
}
