import { createHash, timingSafeEqual } from 'node:crypto';
import { bearerToken } from './bearer-token.ts';
import { type Caller, isDirectlyLocal } from './caller.ts';

/** Programs on this machine that ask directly, and who knows the token. */
export function mayReadMetrics(caller: Caller, token: string | undefined): boolean {
  return isDirectlyLocal(caller) || knows(caller, token);
}

function knows({ headers }: Caller, token: string | undefined): boolean {
  const given = bearerToken(headers.authorization);
  return given !== undefined && token !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Of equal length whatever the text. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
