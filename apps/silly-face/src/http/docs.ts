import type { IncomingMessage } from 'node:http';
import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { answerFailures } from './failures.ts';
import { openApi } from './open-api.ts';
import { securityHeaders } from './security-headers.ts';

/** `/openapi.json`, and `/docs`: a page where it can be read and tried. */
export function docs(app: FastifyInstance): void {
  app.register(swagger, openApi);

  const ids = new WeakMap<IncomingMessage, string>();
  const idOf = (raw: IncomingMessage): string => ids.get(raw) ?? '';
  let page: Promise<FastifyInstance> | undefined;
  const showPage = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    page ??= documentationPage(app, idOf).catch((error: unknown) => {
      page = undefined; // The next look tries again.
      throw error;
    });
    const documentation = await page;
    ids.set(request.raw, request.id);
    reply.hijack();
    documentation.routing(request.raw, reply.raw);
  };
  app.register(async (routes) => {
    routes.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    routes.get('/docs', { schema: { hide: true } }, showPage);
    routes.get('/docs/*', { schema: { hide: true } }, showPage);
  });
  app.addHook('onClose', async () => {
    await page?.then(
      (documentation) => documentation.close(),
      () => {}, // Who looked at it was told.
    );
  });
}

/**
 * What the page needs takes longer to load than all the rest of the app: only once somebody looks at it. It is an app of its own,
 * which logs where this one does, and knows the requests by the same ids.
 */
async function documentationPage(
  app: FastifyInstance,
  genReqId: (raw: IncomingMessage) => string,
): Promise<FastifyInstance> {
  const { default: swaggerUi } = await import('@fastify/swagger-ui');
  const page = Fastify({
    loggerInstance: app.log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId,
  });
  answerFailures(page);
  securityHeaders(page);
  const document = app.swagger() as StaticDocumentSpec['document'];
  await page.register(swagger, { mode: 'static', specification: { document } });
  await page.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  });
  await page.ready();
  return page;
}
