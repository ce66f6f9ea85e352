import { createServer, type Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { KEEP_ALIVE_MS } from '../http/time-limits.ts';

/**
 * The metrics of this process, guarded as they are beside the API. On a socket that processes share either of them answers, and
 * counters of two processes under one name make no sense to Prometheus.
 */
export function metricsServer(app: FastifyInstance): Server {
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path === '/metrics') return app.routing(request, response);
    response
      .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      .end('Here are only the metrics of one process, at /metrics\n');
  });
}
