import { randomInt } from 'node:crypto';
import multipart from '@fastify/multipart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { newPhotoKey } from '../photo/photo-key.ts';
import { reEncode } from '../photo/re-encode.ts';
import { type Database, isOutcomeUnknown } from '../store/database.ts';
import { earlierAnswer, isKeyUsed, type KeyedRequest, once } from '../store/idempotency.ts';
import { checkSubmission, checkTurn, submitFace } from '../store/moves.ts';
import { Refused } from '../store/refused.ts';
import { readRound } from '../store/rounds.ts';
import { idempotencyKey, keyedRequest, tellReplay } from './idempotency.ts';
import { Problem } from './problem.ts';
import { type RoundAnswer, roundAnswer } from './round-answer.ts';
import { Round, RoundParams } from './schemas.ts';
import type { Services } from './services.ts';
import { member } from './session-guard.ts';
import { discardRest, receiveUpload } from './upload.ts';

export const submissions: FastifyPluginAsyncZod<Services> = async (app, services) => {
  const { dbOf, uploads } = services;
  app.removeContentTypeParser('application/json'); // In this scope a form is the only body.
  await app.register(multipart);

  app.post(
    '/rounds/:id/submissions',
    {
      schema: {
        tags: ['game'],
        summary: 'Submit a face: its name, and a photo of it',
        description:
          'A form with the field `face`, a name of the catalogue, and the file `photo`: JPEG, PNG or WebP, at most 5 MiB.',
        consumes: ['multipart/form-data'],
        params: RoundParams,
        response: { 201: Round },
      },
    },
    async (request, reply) => {
      const db = dbOf(request);
      const at = { roundId: request.params.id, playerId: member(request).player.id };
      try {
        // Out of turn is refused before a photo is read, unless it repeats a submission that was in turn.
        const key = { scope: at.playerId, key: idempotencyKey(request) };
        await unlessRepeated(
          async () => checkTurn(await readRound(db, at.roundId, at.playerId)),
          () => isKeyUsed(db, key),
        );
        if (!request.isMultipart())
          throw new Problem('unsupported-media-type', 'Expected multipart/form-data');
        const answer = await uploads.withFiles(async (upload, photo) => {
          const { face, sha256 } = await receiveUpload(request, upload);
          const keyed = keyedRequest(request, { face, photo: sha256.toString('hex') });
          const earlier = await earlierAnswer(db, keyed);
          if (earlier) return tellReplay(reply, { answer: earlier.answer as RoundAnswer, replayed: true });
          return submitPhoto(services, { db, request, reply, keyed, at, face, upload, photo });
        });
        return await reply.code(201).send(answer);
      } catch (error) {
        discardRest(request);
        throw error;
      }
    },
  );
};

/**
 * Refuses what cannot be done now, unless somebody says that this very request has done it. Asked in this order: the first of two
 * may commit at any moment, and whoever sees what it did then also sees its key. A database that gave no answer is asked nothing more.
 */
async function unlessRepeated<Earlier>(
  check: () => Promise<void>,
  earlier: () => Promise<Earlier>,
): Promise<Earlier | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    const found = error instanceof Refused ? await earlier() : undefined;
    if (found) return found;
    throw error;
  }
}

interface Submitting {
  readonly db: Database;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly keyed: KeyedRequest;
  readonly at: { readonly roundId: string; readonly playerId: string };
  readonly face: string;
  /** The file as it came, and the path for the one to store. */
  readonly upload: string;
  readonly photo: string;
}

/** First the object, then its row: a row always has its object, and an object that gets no row is deleted or swept. */
async function submitPhoto(
  { photos, installationId }: Services,
  { db, request, reply, keyed, at, face, upload, photo }: Submitting,
): Promise<RoundAnswer> {
  const submission = { face, seed: randomInt(2 ** 32) };
  const before = await readRound(db, at.roundId, at.playerId);
  const earlier = await unlessRepeated(
    async () => checkSubmission(before, submission),
    () => earlierAnswer(db, keyed),
  );
  if (earlier) return tellReplay(reply, { answer: earlier.answer as RoundAnswer, replayed: true });

  const encoded = await reEncode(upload, photo);
  const stored = { key: newPhotoKey(await installationId(), at.roundId, before.round.turn), ...encoded };
  const storage = await photos();
  await storage.put(photo, stored.key);

  const discard = async (): Promise<void> => {
    await storage.remove([stored.key]).catch((error: unknown) => {
      request.log.warn({ err: error, key: stored.key }, 'a photo without a row is left to the sweep');
    });
  };
  try {
    const outcome = await once(db, keyed, async () => {
      await submitFace(db, at, submission, stored);
      return roundAnswer(db, at.roundId, at.playerId);
    });
    if (outcome.replayed) await discard(); // The same request in parallel was faster.
    return tellReplay(reply, outcome);
  } catch (error) {
    // The row may be there all the same when nobody heard how the COMMIT went.
    if (!isOutcomeUnknown(error)) await discard();
    throw error;
  }
}
