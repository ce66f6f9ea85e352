import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TrustProxy } from '../config.ts';
import { trustedProxies } from './trusted-proxies.ts';

/** Long enough to be one of its kind, and harmless in a header, a log and a comment of SQL. */
const ID = /^[\w-]{16,64}$/;

/** A proxy that is trusted has logged the request under an id already: it keeps it. Nobody else gives one. */
export function requestIds(trustProxy: TrustProxy): (raw: IncomingMessage) => string {
  if (trustProxy === undefined) return () => randomUUID();
  const isTrusted = trustedProxies(trustProxy);
  return ({ headers, socket }) => {
    if (!isTrusted(socket.remoteAddress)) return randomUUID();
    const given = headers['x-request-id'];
    return typeof given === 'string' && ID.test(given) ? given : randomUUID();
  };
}
