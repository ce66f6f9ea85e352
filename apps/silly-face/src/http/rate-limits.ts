import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimits } from '../config.ts';
import { isDirectlyLocal, isHere } from './caller.ts';
import { Problem } from './problem.ts';
import { member } from './session-guard.ts';

const WINDOW_MS = 60_000;

/** Counted at a time; who was not heard of for longest is forgotten first. */
const COUNTED = 20_000;

/** A hook that throws `rate-limited` when the one who asks has asked too often. */
type Limit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export interface Limits {
  /** Whatever is asked, counted before anything is looked up. */
  readonly address: Limit;
  /** Of a player, from whatever address. */
  readonly player: Limit;
  /** Signing up and logging in: each costs the time of a password's hash, and may be a guess at somebody's. */
  readonly credentials: Limit;
}

export interface LimitOptions {
  readonly limits: RateLimits;
  /** Addresses are told by a proxy that is trusted. */
  readonly isProxied: boolean;
}

/**
 * Counted by each process for itself. Programs on this machine are not counted: neither those who call directly nor, behind a
 * proxy, those whose address it gives as this machine's.
 */
export function rateLimits(app: FastifyInstance, { limits, isProxied }: LimitOptions): Limits {
  app.register(rateLimit, { global: false, cache: COUNTED, timeWindow: WINDOW_MS });
  const isCounted = (request: FastifyRequest): boolean =>
    isProxied ? !isHere(request.ip) : !isDirectlyLocal(request);
  const limit = (max: number, keyOf?: (request: FastifyRequest) => string): Limit => {
    let count: ReturnType<FastifyInstance['createRateLimit']> | undefined;
    return async (request, reply) => {
      if (max === 0 || !isCounted(request)) return;
      // Only there when the app is ready. Each has a count of its own.
      count ??= app.createRateLimit({ max, ...(keyOf && { keyGenerator: keyOf }) });
      const counted = await count(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      reply.header('retry-after', counted.ttlInSeconds);
      throw new Problem(
        'rate-limited',
        `More than ${max} such requests in a minute: try again in ${counted.ttlInSeconds} s`,
      );
    };
  };
  return {
    address: limit(limits.addressPerMinute),
    player: limit(limits.playerPerMinute, (request) => member(request).player.id),
    credentials: limit(limits.credentialsPerMinute),
  };
}
