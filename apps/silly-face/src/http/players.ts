import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Database } from '../store/database.ts';
import { lobby } from '../store/players.ts';
import { Name, Player } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

/** The name that the page before ended with; opaque to clients. */
const Cursor = z
  .string()
  .refine(
    (cursor) => Name.safeParse(fromCursor(cursor)).success,
    'Expected a nextCursor of an earlier answer',
  );

const Query = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: Cursor.optional(),
});

const Page = z.object({ players: z.array(Player), nextCursor: z.string().nullable() });

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

function toCursor(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function fromCursor(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString();
}
