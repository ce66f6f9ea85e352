import { quoted } from './quoted.ts';
import type { Upstreams } from './upstreams.ts';

/**
 * How long nginx keeps a connection to an API process without a request. Less than the API keeps it, and than a draining process
 * waits for it: so it is always nginx that closes, and no request meets a connection that is just being closed.
 */
export const UPSTREAM_KEEP_ALIVE_MS = 2000;

/**
 * A process is never left out for its failures: its socket is held, so that behind a process that is gone the requests wait for
 * the next one. While they do, the others get what comes. For the same reason it is worth while to ask there again, when all that
 * were asked have died with the request: nginx asks each server once, so each is there once more for that case.
 */
export function upstreamBlocks({ api, party }: Upstreams): string {
  const servers = api.map((address) => `server ${quoted(address)} max_fails=0`);
  return `upstream api {
    zone api 256k;
    least_conn;
    ${[...servers, ...servers.map((server) => `${server} backup`)].map((server) => `${server};`).join('\n    ')}
    keepalive 64;
    keepalive_timeout ${UPSTREAM_KEEP_ALIVE_MS}ms;
  }
  ${party.map(({ name, address }) => `upstream ${name} {\n    server ${address} max_fails=0;\n  }`).join('\n  ')}`;
}
