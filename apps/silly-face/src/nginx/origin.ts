import type { NginxSettings } from './settings.ts';

/**
 * Who asks: the address that the connection comes from, or, from a proxy that is trusted, the one that it names. What anybody
 * else says about themselves in such headers is thrown away.
 */
export function originMaps({ trustedProxies }: NginxSettings): string {
  const trusted = trustedProxies.map((proxy) => `set_real_ip_from ${proxy};`);
  const known = trustedProxies.map((proxy) => `${proxy} 1;`);
  return `${trusted.length === 0 ? '' : `${trusted.join('\n  ')}\n  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;`}
  geo $realip_remote_addr $from_proxy {
    default 0;
    ${known.join('\n    ')}
  }
  map "$from_proxy $http_x_forwarded_proto" $forwarded_proto {
    default $scheme;
    "1 https" https;
  }`;
}

/** Said to the API with each request. */
export const ORIGIN_HEADERS = `proxy_set_header Host $http_host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $forwarded_proto;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Forwarded "";
      proxy_set_header X-Request-Id $request_id;`;
