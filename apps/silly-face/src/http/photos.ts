import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findPhoto } from '../store/photos.ts';
import { matches } from './conditional.ts';
import { Problem } from './problem.ts';
import { RoundParams } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

export const photos: FastifyPluginAsyncZod<Services> = async (app, { dbOf, photos }) => {
  app.route({
    // Both, because the framework's own HEAD opens the photo and breaks it off.
    method: ['GET', 'HEAD'],
    url: '/rounds/:id/turns/:turn/photo',
    schema: {
      tags: ['game'],
      summary: "The photo of a turn, for the round's two players",
      params: RoundParams.extend({ turn: z.string() }),
      response: {
        200: { content: { 'image/jpeg': { schema: z.any().meta({ format: 'binary' }) } } },
        304: z.undefined().meta({ description: 'If-None-Match names it' }),
      },
    },
    handler: async (request, reply) => {
      const at = { roundId: request.params.id, playerId: member(request).player.id };
      const photo = await findPhoto(dbOf(request), at, turnNumber(request.params.turn));
      const etag = `"${photo.sha256.toString('base64url')}"`;
      // A turn's photo never changes. Kept for the session it was given to: another one may not see it.
      const headers = {
        etag,
        'cache-control': 'private, max-age=31536000, immutable',
        vary: 'authorization',
      };
      if (matches(request.headers['if-none-match'], etag)) return reply.code(304).headers(headers).send();
      const found = { ...headers, 'content-type': 'image/jpeg', 'content-length': photo.bytes };
      if (request.method === 'HEAD') return reply.headers(found).send();
      const storage = await photos();
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const body = await storage.read(photo.key, gone.signal);
      return reply.headers(found).send(body);
    },
  });
};

function turnNumber(turn: string): number {
  if (!/^[1-9]\d{0,8}$/.test(turn)) throw new Problem('photo-not-found', 'A turn is a number from 1');
  return Number(turn);
}
