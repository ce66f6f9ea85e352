import type { CheckTarget } from './health-check.ts';

/** Where a built-in check connects to; without any of these to the child's port, else to its first held socket. */
export interface EndpointOptions {
  /** @default the child's own */
  port?: number;
  /** @default '127.0.0.1' */
  host?: string;
  /** Name of a held socket. */
  socket?: string;
  /** Path of a unix socket that the child itself has bound. */
  socketPath?: string;
}

/** What `net.connect` and `http.request` are given. */
export type Endpoint = { host: string; port: number } | { path: string };

export function findEndpoint(options: EndpointOptions, target: CheckTarget): Endpoint {
  const host = options.host ?? '127.0.0.1';
  if (options.socketPath !== undefined) return { path: options.socketPath };
  if (options.port !== undefined) return { host, port: options.port };
  const address = target.address(options.socket);
  if (options.socket === undefined && target.port !== undefined && typeof address !== 'string') {
    return { host: options.host ?? reachable(address?.address), port: target.port };
  }
  if (address === undefined) {
    const wanted =
      options.socket === undefined ? 'a port nor a held socket' : `a held socket "${options.socket}"`;
    throw new Error(`the child has neither ${wanted} to connect to`);
  }
  if (typeof address === 'string') return { path: address };
  return { host: options.host ?? reachable(address.address), port: address.port };
}

function reachable(address = '127.0.0.1'): string {
  return address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address;
}
