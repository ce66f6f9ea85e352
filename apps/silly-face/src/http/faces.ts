import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { FACES } from '../game/faces.ts';
import type { Services } from './services.ts';

export const faces: FastifyPluginAsyncZod<Services> = async (app) => {
  app.get(
    '/faces',
    {
      schema: {
        tags: ['game'],
        summary: 'The catalogue of faces',
        response: { 200: z.object({ faces: z.array(z.string()) }) },
      },
    },
    async () => ({ faces: [...FACES] }),
  );
};
