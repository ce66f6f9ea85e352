import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from './failures.ts';
import { sendProblem } from './problem.ts';
import { RequestLog } from './request-log.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { setSecurityHeaders } from './security-headers.ts';

/**
 * Answers what the router gives up on before any hook: a path that cannot be decoded, or a parameter that is too long. What the
 * hooks do for every other answer is done here. Such a request of the framework's knows nothing of proxies: its address is the
 * proxy's.
 */
export function answerUnroutable(
  measured: RequestMetrics,
): (error: Error, request: FastifyRequest, reply: FastifyReply) => void {
  const log = new RequestLog();
  return (error, request, reply) => {
    measured.count(request, reply);
    reply.raw.once('finish', () => log.requestCompleted(undefined, request, reply));
    setSecurityHeaders(request, reply);
    sendProblem(reply, problemOf(error));
  };
}
