import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Player } from '../store/players.ts';
import { findSession } from '../store/sessions.ts';
import { bearerToken } from './bearer-token.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

interface Member {
  readonly player: Player;
}

const members = new WeakMap<FastifyRequest, Member>();

/** All routes of this scope need a session. It is checked before anything of the body is read. */
export function requireSession(app: FastifyInstance, { dbOf }: Services): void {
  app.addHook('onRequest', async (request) => {
    members.set(request, { player: await findSession(dbOf(request), sessionToken(request)) });
  });
}

/** Of a session that may or may not be. @throws {Problem} `not-logged-in`, without anything that could be one */
export function sessionToken({ headers }: FastifyRequest): string {
  const token = bearerToken(headers.authorization);
  if (token !== undefined) return token;
  throw new Problem(
    'not-logged-in',
    'Expected the header Authorization: Bearer, with the token of a session',
  );
}

/** Who asks, on a route behind `requireSession`. */
export function member(request: FastifyRequest): Member {
  const found = members.get(request);
  if (!found) throw new Error(`${request.routeOptions.url} is not behind requireSession`);
  return found;
}
