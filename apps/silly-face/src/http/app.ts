import Fastify, { type FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { HttpConfig } from '../config.ts';
import { ANSWER_MS } from '../store/database.ts';
import { withDeadline } from '../store/deadline.ts';
import { withRequestComment } from '../store/request-comment.ts';
import { accounts } from './accounts.ts';
import { answersAs } from './answers.ts';
import { answerClientError } from './client-error.ts';
import { conditionalAnswers } from './conditional.ts';
import { docs } from './docs.ts';
import { answerFailures } from './failures.ts';
import { faces } from './faces.ts';
import { guesses } from './guesses.ts';
import { health } from './health.ts';
import { requireIdempotencyKeys } from './idempotency.ts';
import { me } from './me.ts';
import { metrics } from './metrics.ts';
import { photos } from './photos.ts';
import { players } from './players.ts';
import { HTTP_OPTIONS, protocolFaults } from './protocol.ts';
import { rateLimits } from './rate-limits.ts';
import { requestIds } from './request-ids.ts';
import { RequestLog } from './request-log.ts';
import { RequestMetrics } from './request-metrics.ts';
import { rounds } from './rounds.ts';
import { seats } from './seats.ts';
import { securityHeaders } from './security-headers.ts';
import type { Resources, Services } from './services.ts';
import { requireSession } from './session-guard.ts';
import { logIns, logOuts } from './sessions.ts';
import { submissions } from './submissions.ts';
import { taunts } from './taunts.ts';
import { KEEP_ALIVE_MS, REQUEST_TIMEOUT_MS } from './time-limits.ts';
import { trustedProxies } from './trusted-proxies.ts';
import { answerUnroutable } from './unroutable.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export interface AppConfig extends HttpConfig {
  /** For tests, see `answersAs`. @default false */
  readonly checkAnswers?: boolean;
}

export interface App {
  readonly app: FastifyInstance;
  /** Loads what nobody waits for; without it, with the first look at the metrics. */
  readonly loadMetrics: () => Promise<unknown>;
}

/** The game over HTTP: everything but listening. */
export function buildApp({ db, ...others }: Resources, config: AppConfig): App {
  const dbOf: Services['dbOf'] = ({ id }) => withDeadline(withRequestComment(db, id), ANSWER_MS);
  const services: Services = { ...others, dbOf };
  const { logLevel, trustProxy, limits, metricsToken, checkAnswers = false } = config;
  const measured = new RequestMetrics(services.poolStats);
  const app = Fastify({
    logger: { level: logLevel },
    logController: new RequestLog(),
    genReqId: requestIds(trustProxy),
    trustProxy: trustProxy ? trustedProxies(trustProxy) : false,
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: HTTP_OPTIONS,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerUnroutable(measured),
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(answersAs(checkAnswers));
  app.removeContentTypeParser('text/plain'); // The API speaks JSON; what it does not read is answered with 415.
  answerFailures(app);
  measured.observe(app);
  securityHeaders(app);
  protocolFaults(app);
  requireIdempotencyKeys(app);
  docs(app);
  metrics(app, measured, metricsToken);
  app.register(health, services);

  const limit = rateLimits(app, { limits, isProxied: trustProxy !== undefined });
  app.register(async (counted) => {
    counted.addHook('onRequest', limit.address);
    counted.register(async (strangers) => {
      strangers.addHook('onRequest', limit.credentials);
      strangers.register(accounts, services);
      strangers.register(logIns, services);
    });
    counted.register(logOuts, services);
    counted.register(async (members) => {
      requireSession(members, services);
      members.addHook('onRequest', limit.player);
      conditionalAnswers(members);
      for (const routes of MEMBERS_ROUTES) members.register(routes, services);
    });
  });
  return { app, loadMetrics: () => measured.load() };
}

const MEMBERS_ROUTES = [me, players, faces, rounds, submissions, guesses, taunts, photos, seats];
