import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { LogLevel } from '../config.ts';
import { ANSWER_MS } from '../store/database.ts';
import { withDeadline } from '../store/deadline.ts';
import { accounts } from './accounts.ts';
import { answerClientError } from './client-error.ts';
import { docs } from './docs.ts';
import { answerFailures, problemOf } from './failures.ts';
import { faces } from './faces.ts';
import { guesses } from './guesses.ts';
import { health } from './health.ts';
import { requireIdempotencyKeys } from './idempotency.ts';
import { me } from './me.ts';
import { photos } from './photos.ts';
import { players } from './players.ts';
import { sendProblem } from './problem.ts';
import { HTTP_OPTIONS, protocolFaults } from './protocol.ts';
import { rounds } from './rounds.ts';
import { securityHeaders } from './security-headers.ts';
import type { Services } from './services.ts';
import { requireSession } from './session-guard.ts';
import { sessions } from './sessions.ts';
import { submissions } from './submissions.ts';
import { taunts } from './taunts.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

/** How long a request with its photo may take to arrive. */
const REQUEST_TIMEOUT_MS = 120_000;

/** Announced to clients, who close an idle connection before: so a drain that waits this long cuts nobody off. */
export const KEEP_ALIVE_MS = 4000;

/** The game over HTTP: everything but listening. */
export function buildApp({ db, ...others }: Services, { logLevel }: { logLevel: LogLevel }): FastifyInstance {
  const services: Services = { ...others, db: withDeadline(db, ANSWER_MS) };
  const app = Fastify({
    logger: { level: logLevel },
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: HTTP_OPTIONS,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _, reply) => void sendProblem(reply, problemOf(error)),
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser('text/plain'); // The API speaks JSON; what it does not read is answered with 415.
  answerFailures(app);
  securityHeaders(app);
  protocolFaults(app);
  requireIdempotencyKeys(app);
  docs(app);

  app.register(health, services);
  app.register(accounts, services);
  app.register(sessions, services);
  app.register(async (members) => {
    requireSession(members, services);
    for (const routes of [me, players, faces, rounds, submissions, guesses, taunts, photos])
      members.register(routes, services);
  });
  return app;
}
