import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Player } from '../store/players.ts';
import { findSession } from '../store/sessions.ts';
import { bearerToken } from './bearer-token.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

interface Member {
  readonly player: Player;
  readonly token: string;
}

const members = new WeakMap<FastifyRequest, Member>();

/** All routes of this scope need a session. It is checked before anything of the body is read. */
export function requireSession(app: FastifyInstance, { dbOf }: Services): void {
  app.addHook('onRequest', async (request) => {
    const token = bearerToken(request.headers.authorization);
    if (token === undefined)
      throw new Problem(
        'not-logged-in',
        'Expected the header Authorization: Bearer, with the token of a session',
      );
    members.set(request, { player: await findSession(dbOf(request), token), token });
  });
}

/** Who asks, on a route behind `requireSession`. */
export function member(request: FastifyRequest): Member {
  const found = members.get(request);
  if (!found) throw new Error(`${request.routeOptions.url} is not behind requireSession`);
  return found;
}
