import type { RequestListener, ServerResponse } from 'node:http';
import type { HealthHandler } from '@silly-face/graceful-shutdown';
import { mayReadMetrics } from '../http/metrics-guard.ts';
import { upgradeRequired } from '../party/web-socket-server.ts';

export interface PartyPages {
  readonly health: HealthHandler;
  readonly metrics: () => Promise<{ type: string; text: string }>;
  /** Opens the metrics to whoever has it. Without it they are for programs on this machine. */
  readonly metricsToken: string | undefined;
  readonly onError: (error: unknown) => void;
}

/** What orchestrators and Prometheus ask a party process, at the port of its WebSockets. */
export function partyPages({ health, metrics, metricsToken, onError }: PartyPages): RequestListener {
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return upgradeRequired(request, response);
    const [path = ''] = (request.url ?? '').split('?', 1);
    switch (path) {
      case '/_health':
        return health(request, response);
      case '/live':
        return health.live(request, response);
      case '/ready':
        return health.ready(request, response);
      case '/metrics':
        if (!mayReadMetrics(request, metricsToken)) return forbid(response);
        metrics().then(
          ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
          (error: unknown) => {
            onError(error);
            response.writeHead(500).end();
          },
        );
        return undefined;
      default:
        return upgradeRequired(request, response);
    }
  };
}

function forbid(response: ServerResponse): void {
  response
    .writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
    .end('The metrics are for this machine, or for who has their token\n');
}
