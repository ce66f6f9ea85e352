import type { IncomingMessage } from 'node:http';
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { answerFailures } from './failures.ts';
import { openApi } from './open-api.ts';
import { securityHeaders } from './security-headers.ts';

/** `/openapi.json`, and `/docs`: a page where it can be read and tried. */
export function docs(app: FastifyInstance): void {
  const described: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD' && !route.schema?.hide) described.push(route);
  });

  const ids = new WeakMap<IncomingMessage, string>();
  const idOf = (raw: IncomingMessage): string => ids.get(raw) ?? '';
  let page: Promise<FastifyInstance> | undefined;
  const loaded = (): Promise<FastifyInstance> =>
    (page ??= documentationPage(app, described, idOf).catch((error: unknown) => {
      page = undefined; // The next look tries again.
      throw error;
    }));
  const showPage = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const documentation = await loaded();
    ids.set(request.raw, request.id);
    reply.hijack();
    documentation.routing(request.raw, reply.raw);
  };
  app.register(async (routes) => {
    routes.get('/openapi.json', { schema: { hide: true } }, async () => (await loaded()).swagger());
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
  described: readonly RouteOptions[],
  genReqId: (raw: IncomingMessage) => string,
): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const page = Fastify({
    loggerInstance: app.log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId,
  });
  answerFailures(page);
  securityHeaders(page);
  await page.register(swagger, openApi);
  describe(page, described);
  await page.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  });
  await page.ready();
  return page;
}

/** To the document they are routes of the page, which hands none of them a request. */
function describe(page: FastifyInstance, described: readonly RouteOptions[]): void {
  page.setValidatorCompiler(validatorCompiler);
  page.setSerializerCompiler(serializerCompiler);
  for (const { method, url, schema } of described)
    page.route({ method, url, schema, exposeHeadRoute: false, handler: (_, reply) => reply.callNotFound() });
}
