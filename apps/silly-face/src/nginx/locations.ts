import { errorLocations } from './error-pages.ts';
import { ORIGIN_HEADERS } from './origin.ts';
import type { NginxPlan } from './plan.ts';
import { staticFiles } from './static-files.ts';
import type { PartyUpstream, Upstreams } from './upstreams.ts';

/** Of nginx itself: for the supervisor, which asks whether it answers. */
export const HEALTH_PATH = '/_nginx';

export function locations({ settings }: NginxPlan, { party }: Upstreams): string {
  return `location / {
      ${PROXIED}
    }
    ${publicFiles}
    ${party.map(webSocket).join('\n    ')}
    ${settings.staticFiles === undefined ? '' : staticFiles(settings.staticFiles)}
    # For those who may ask the processes themselves.
    location ~ ^/metrics(?:/|$) {
      return 404;
    }
    location = ${HEALTH_PATH} {
      access_log off;
      default_type text/plain;
      return 200 ok;
    }
    ${errorLocations()}`;
}

/**
 * A request goes to another process when the first one dies with it, POSTs too: each has an Idempotency-Key, so that what was done
 * is not done again. In a deploy nothing is repeated, as no connection is refused or closed under a request. The whole request is
 * here before it is sent on, so that it can be sent again. An answer that has begun is not begun anew: a photo may end early.
 */
const PROXIED = `proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${ORIGIN_HEADERS}
      proxy_hide_header X-Request-Id;
      add_header X-Request-Id $request_id always;
      proxy_connect_timeout 5s;
      proxy_send_timeout 30s;
      proxy_read_timeout 30s;
      proxy_next_upstream error timeout http_502 non_idempotent;
      proxy_next_upstream_timeout 40s;`;

/**
 * The only answers that are the same for everybody: what the page of the documentation is made of. Nothing else is cached. What a
 * player is answered, photos too, depends on who asks and is for nobody else's eyes; their own browser keeps photos for ever.
 */
const publicFiles = `location /docs/static/ {
      ${PROXIED}
      proxy_cache public;
      proxy_cache_key $request_uri;
      proxy_ignore_headers Cache-Control Expires;
      # A deploy may bring other ones under the same names.
      proxy_cache_valid 200 1m;
      proxy_cache_lock on;
      proxy_cache_background_update on;
      proxy_cache_use_stale error timeout updating http_502 http_503 http_504;
      proxy_cache_bypass $http_authorization;
      proxy_no_cache $http_authorization;
      add_header X-Cache $upstream_cache_status always;
    }`;

/** Each party process has a place of its own: a room is at one of them. A process says PING twice a minute. */
function webSocket({ name }: PartyUpstream): string {
  return `location = /party/ws/${name} {
      proxy_pass http://${name};
      proxy_http_version 1.1;
      proxy_set_header Connection upgrade;
      proxy_set_header Upgrade $http_upgrade;
      ${ORIGIN_HEADERS}
      proxy_connect_timeout 5s;
      proxy_send_timeout 1h;
      proxy_read_timeout 1h;
      proxy_buffering off;
    }`;
}
