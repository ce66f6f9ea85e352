import { statSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { ConfigError } from '../config.ts';

/** What may be said about nginx from outside. */
export interface NginxSettings {
  /** Whether it stands in front: `auto` where it is installed. */
  readonly mode: NginxMode;
  /** A folder whose files are served below /static/; undefined for none. */
  readonly staticFiles: string | undefined;
  /** Of one address; 0 for any number. Twice as many may come at once. Programs on this machine are not counted. */
  readonly requestsPerSecond: number;
  /** Of one address at a time; 0 for any number. Programs on this machine are not counted. */
  readonly connectionsPerAddress: number;
  /** Addresses and networks of proxies in front of nginx, whose word on who asks is taken. */
  readonly trustedProxies: readonly string[];
}

const MODES = ['on', 'off', 'auto'] as const;
export type NginxMode = (typeof MODES)[number];

/**
 * The variable NGINX itself is not ours to use: in it nginx is told which sockets it inherits, and every nginx that is started
 * with another value in it fails.
 *
 * @throws {ConfigError} naming the variable, and what was expected of it.
 */
export function readNginxSettings(environment: NodeJS.ProcessEnv): NginxSettings {
  return {
    mode: mode(environment.SILLY_FACE_NGINX || 'auto'),
    staticFiles: environment.STATIC_FILES ? folder(environment.STATIC_FILES) : undefined,
    requestsPerSecond: count(environment, 'NGINX_REQUESTS_PER_SECOND', 200),
    connectionsPerAddress: count(environment, 'NGINX_CONNECTIONS_PER_ADDRESS', 500),
    trustedProxies: proxies(environment.NGINX_TRUSTED_PROXIES),
  };
}

function mode(given: string): NginxMode {
  const found = MODES.find((each) => each === given);
  if (!found)
    throw new ConfigError(`Expected SILLY_FACE_NGINX to be one of ${MODES.join(', ')}, got ${given}`);
  return found;
}

function folder(given: string): string {
  const path = resolve(given);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new ConfigError(`Expected STATIC_FILES to be a folder, got ${given}`);
  return path;
}

function count(environment: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = environment[name] ? Number(environment[name]) : fallback;
  if (Number.isSafeInteger(value) && value >= 0 && value <= 100_000) return value;
  throw new ConfigError(`Expected ${name} to be an integer from 0 to 100000, got ${environment[name]}`);
}

function proxies(given: string | undefined): string[] {
  const all = given ? given.split(',').map((proxy) => proxy.trim()) : [];
  const wrong = all.find((proxy) => !isNetwork(proxy));
  if (wrong !== undefined)
    throw new ConfigError(`Expected NGINX_TRUSTED_PROXIES to be addresses and networks, got ${wrong}`);
  return all;
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  try {
    new BlockList().addSubnet(address, Number(bits || NaN), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}
