import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/**
 * Answers to GET have an ETag, and are not sent again to who has them. They are kept by the client alone, for the session they
 * were given to, and asked for anew each time: a round changes at any moment.
 */
export function conditionalAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string') {
      done(null, payload);
      return;
    }
    const etag = `"${createHash('sha1').update(payload).digest('base64url')}"`;
    reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'authorization' });
    const isKnown = matches(request.headers['if-none-match'], etag);
    if (isKnown) reply.code(304).removeHeader('content-type').removeHeader('content-length');
    // The framework's own HEAD measures what comes out here, for the Content-Length, and sends none of it.
    done(null, isKnown && request.method === 'GET' ? null : payload);
  });
}

/** RFC 9110, 13.1.2: a list of tags, compared without their weakness, or * for any. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = new Set(ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, '')));
  return tags.has(etag) || tags.has('*');
}
