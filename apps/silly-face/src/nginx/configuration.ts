import { join } from 'node:path';
import { errorMaps, errorPages } from './error-pages.ts';
import { isAtLeast } from './find-nginx.ts';
import { limitsPerAddress, limitZones } from './limits.ts';
import { locations } from './locations.ts';
import { NGINX_FILES, type NginxPlan } from './plan.ts';
import { originMaps } from './origin.ts';
import { quoted } from './quoted.ts';
import { mediaTypes } from './static-files.ts';
import { upstreamBlocks } from './upstream-blocks.ts';
import type { Upstreams } from './upstreams.ts';

/**
 * All that nginx is told. Errors go to the supervisor. At `error`, since a warning would be each photo that waits in a file, and
 * each request over a limit.
 */
export function nginxConfiguration(plan: NginxPlan, upstreams: Upstreams): string {
  const { program, folder } = plan;
  const path = (name: string): string => quoted(join(folder, name));
  return `# Made from the process table. Changes are lost at the next start.
daemon off;
worker_processes auto;
# After a reload the former workers stay for as long as a WebSocket does.
worker_shutdown_timeout 1h;
pid ${path(NGINX_FILES.pid)};
error_log stderr error;
events {
  worker_connections 16384;
}
http {
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  ${temporaryPaths(program.built)
    .map((name) => `${name}_temp_path ${path(`${name}-temp`)};`)
    .join('\n  ')}
  ${mediaTypes()}

  # Without the query, in which somebody may have put what is secret.
  map $request_uri $request_path {
    ~^(?<before_query>[^?]*) $before_query;
  }
  log_format requests escape=json '{${logFields}}';
  access_log ${path(NGINX_FILES.accessLog)} requests;

  gzip on;
  gzip_comp_level 6;
  gzip_min_length 1000;
  gzip_proxied any;
  gzip_vary on;
  gzip_types application/json application/problem+json application/javascript text/javascript text/css text/plain image/svg+xml;

  proxy_cache_path ${path(NGINX_FILES.cache)} levels=1:2 keys_zone=public:10m max_size=256m inactive=600m use_temp_path=off;

  ${originMaps(plan.settings)}
  ${limitZones(plan.settings)}
  ${errorMaps()}
  ${upstreamBlocks(upstreams)}
  server {
    ${listen(plan)}
    server_name _;
    absolute_redirect off;

    # The API takes photos of 5 MiB, and refuses larger ones itself as long as they are not much larger.
    client_max_body_size ${BODY_LIMIT_BYTES};
    client_body_buffer_size 64k;
    large_client_header_buffers 4 8k;
    client_header_timeout 15s;
    client_body_timeout 30s;
    send_timeout 30s;
    keepalive_timeout 65s;
    keepalive_requests 10000;
    ${isAtLeast(program, [1, 27, 4]) ? '# So long a connection outlives a reload, for the request that is on its way on it.\n    keepalive_min_timeout 2s;' : ''}
    reset_timedout_connection on;
    ${limitsPerAddress(plan.settings)}
    ${errorPages()}
    ${locations(plan, upstreams)}
  }
}
`.replaceAll(/\n +(?=\n)/g, '');
}

/** More than a form with the largest photo, so that the API says what was wrong with it. */
export const BODY_LIMIT_BYTES = 6 * 1024 * 1024;

const logFields = [
  '"time":"$time_iso8601"',
  '"requestId":"$request_id"',
  '"remote":"$remote_addr"',
  '"method":"$request_method"',
  '"path":"$request_path"',
  '"protocol":"$server_protocol"',
  '"status":$status',
  '"bytes":$body_bytes_sent',
  '"seconds":$request_time',
  '"upstream":"$upstream_addr"',
  '"upstreamStatus":"$upstream_status"',
  '"upstreamSeconds":"$upstream_response_time"',
  '"cache":"$upstream_cache_status"',
  '"userAgent":"$http_user_agent"',
].join(',');

/** Of the modules that it was built with: else some are in folders that belong to root. */
function temporaryPaths(built: string): string[] {
  const modules = ['fastcgi', 'uwsgi', 'scgi'].filter(
    (name) => !built.includes(`--without-http_${name}_module`),
  );
  return ['client_body', 'proxy', ...modules];
}

/**
 * On the socket that the supervisor holds: it has to be the same address. That socket is bound and nothing else: nginx listens on
 * one that it inherits only when it is told another backlog than its own default, which is 511.
 */
function listen({ address, port }: NginxPlan): string {
  const isIPv6 = address.includes(':');
  const both = address === '::' ? ' ipv6only=off' : '';
  return `listen ${isIPv6 ? `[${address}]` : address}:${port} default_server backlog=1024${both};`;
}
