import type { S3Request } from '../request.ts';
import { verifyHeader } from '../valid-header.ts';

/**
 * Whoever presigns a URL may put `x-amz-…` headers into its query instead, where they are part of what is signed.
 * A header of the same name, which has to be signed as well, goes first.
 */
export function withHoistedHeaders(request: S3Request): S3Request {
  const hoisted = request.query
    .map(({ name, value }) => [name.toLowerCase(), Buffer.from(value).toString('latin1')] as const)
    .filter(([name]) => name.startsWith('x-amz-'));
  for (const [name, value] of hoisted) verifyHeader(name, value);
  return { ...request, headers: new Map([...hoisted, ...request.headers]) };
}
