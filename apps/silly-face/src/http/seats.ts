import { randomInt } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { readRoomCode, ROOM_CODE_LENGTH, roomCode } from '../game/room-code.ts';
import { once } from '../store/idempotency.ts';
import { keyedRequest } from './idempotency.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';

/** Within this time the player has to be there. */
const SEAT_MS = 60_000;

const RESOLUTION = 2 ** 32;

const Answer = z.object({
  room: z.string(),
  host: z.string(),
  port: z.int(),
  webSocketUrl: z.string(),
  token: z.string().meta({ description: 'For AUTH, once' }),
});

export const seats: FastifyPluginAsyncZod<Services> = async (app, { dbOf, directory }) => {
  app.post(
    '/party/seats',
    {
      schema: {
        tags: ['party'],
        summary: 'A seat in a party room, and where to take it; without a room, in a new one',
        description: 'A repeat with the same Idempotency-Key gets a new seat in the same room.',
        body: z.strictObject({ room: z.string().max(100).optional() }),
        response: { 201: Answer },
      },
    },
    async (request, reply) => {
      const wanted = request.body.room === undefined ? newRoom() : wantedRoom(request.body.room);
      // The token is not stored with the key, only which room it is for.
      const { answer } = await once(dbOf(request), keyedRequest(request, request.body), async () => ({
        room: wanted,
      }));
      const { room } = answer;
      const { id, name } = member(request).player;
      const rooms = await directory();
      const { host, port, webSocketUrl } = (await rooms.locate(room)).owner;
      const token = await rooms.issueSeat({ room, player: { id, name } }, SEAT_MS);
      return reply.code(201).send({ room, host, port, webSocketUrl, token });
    },
  );
};

function newRoom(): string {
  return roomCode(Array.from({ length: ROOM_CODE_LENGTH }, () => randomInt(RESOLUTION) / RESOLUTION));
}

function wantedRoom(typed: string): string {
  const room = readRoomCode(typed);
  if (room === undefined)
    throw new Problem('room-code-invalid', 'Expected the code of a room: 4 to 12 letters and digits');
  return room;
}
