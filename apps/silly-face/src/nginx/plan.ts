import type { Account } from './account.ts';
import type { InstalledNginx } from './find-nginx.ts';
import type { NginxSettings } from './settings.ts';

/** All that is decided about nginx before the process table is made. */
export interface NginxPlan {
  readonly program: InstalledNginx;
  readonly settings: NginxSettings;
  /** Where it listens: an address as the system knows it, no name. */
  readonly address: string;
  readonly port: number;
  /** All that it writes, and the sockets of the API. */
  readonly folder: string;
  /** As who it runs; undefined: as us. */
  readonly account: Account | undefined;
}

/** The names in its folder. */
export const NGINX_FILES = {
  /** What it runs with: has always passed `nginx -t`. */
  configuration: 'nginx.conf',
  /** What it is to run with. */
  nextConfiguration: 'nginx.conf.next',
  accessLog: 'access.log',
  pid: 'nginx.pid',
  /** Of an API process, with its number before the point. */
  apiSocket: 'api.sock',
  cache: 'cache',
} as const;
