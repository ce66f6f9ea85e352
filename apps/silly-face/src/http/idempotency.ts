import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../store/database.ts';
import { fingerprint, type KeyedRequest, type Once, once } from '../store/idempotency.ts';
import { Problem } from './problem.ts';
import { member } from './session-guard.ts';

/** Every POST of the app needs a key: a request without a good one is refused before its body is read. */
export function requireIdempotencyKeys(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _, done) => {
    if (request.method === 'POST' && !request.is404) idempotencyKey(request);
    done();
  });
}

export function idempotencyKey(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '')
    throw new Problem(
      'idempotency-key-missing',
      'Expected the header Idempotency-Key, new for each new request',
    );
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem(
      'idempotency-key-invalid',
      'Expected Idempotency-Key to be 1 to 255 visible ASCII characters',
    );
  return key;
}

/** The request as its player's. `body` holds all that makes it another request, and nothing secret. */
export function keyedRequest(request: FastifyRequest, body: unknown): KeyedRequest {
  return keyed(request, member(request).player.id, body);
}

/** The request of somebody who is not logged in. */
export function anonymousRequest(request: FastifyRequest, body: unknown): KeyedRequest {
  return keyed(request, 'anonymous', body);
}

function keyed(request: FastifyRequest, scope: string, body: unknown): KeyedRequest {
  const path = request.url.split('?', 1)[0] ?? '';
  return { scope, key: idempotencyKey(request), fingerprint: fingerprint(request.method, path, body) };
}

/** Runs the effect in one transaction with its key and its answer, or says again what was answered before. */
export async function answerOnce<Answer>(
  { db, reply, keyed }: { db: Database; reply: FastifyReply; keyed: KeyedRequest },
  effect: () => Promise<Answer>,
): Promise<Answer> {
  return tellReplay(reply, await once(db, keyed, effect));
}

export function tellReplay<Answer>(reply: FastifyReply, { answer, replayed }: Once<Answer>): Answer {
  if (replayed) reply.header('idempotency-replayed', 'true');
  return answer;
}
