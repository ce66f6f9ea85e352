import type { NginxSettings } from './settings.ts';

/** Counted by address; an empty one is not counted, which is that of programs on this machine: bots, tests. */
export function limitZones({ requestsPerSecond, connectionsPerAddress }: NginxSettings): string {
  return `geo $is_here {
    default 0;
    127.0.0.0/8 1;
    ::1 1;
  }
  map $is_here $counted_address {
    0 $binary_remote_addr;
    1 "";
  }
  ${requestsPerSecond === 0 ? '' : `limit_req_zone $counted_address zone=requests:10m rate=${requestsPerSecond}r/s;`}
  ${connectionsPerAddress === 0 ? '' : 'limit_conn_zone $counted_address zone=connections:10m;'}`;
}

export function limitsPerAddress({ requestsPerSecond, connectionsPerAddress }: NginxSettings): string {
  const requests = `limit_req zone=requests burst=${2 * requestsPerSecond} nodelay;
    limit_req_status 429;
    limit_req_log_level warn;`;
  const connections = `limit_conn connections ${connectionsPerAddress};
    limit_conn_status 429;
    limit_conn_log_level warn;`;
  return `${requestsPerSecond === 0 ? '' : requests}
    ${connectionsPerAddress === 0 ? '' : connections}`;
}
