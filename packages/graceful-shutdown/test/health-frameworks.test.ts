import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import { text } from 'node:stream/consumers';
import { healthHandler, type HealthHandler, type ShutdownState } from '@silly-face/graceful-shutdown';
import { type HttpBindings, serve } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { expect, it } from 'vitest';

function startHealth() {
  const handle: { state: ShutdownState } = { state: 'running' };
  return { handle, health: healthHandler(handle, { checks: { database: () => true } }) };
}

const okJson = JSON.stringify({ status: 'ok', checks: { database: 'ok' } });
const goneJson = JSON.stringify({ status: 'draining', checks: {} });

/** Each of them serves the three on their paths, and is typed. */
const frameworks: Record<string, (health: HealthHandler) => Promise<Server>> = {
  'node:http': async (health) =>
    createServer((request, response) => {
      if (request.url === '/live') return health.live(request, response);
      if (request.url === '/ready') return health.ready(request, response);
      return health(request, response);
    }).listen(0, '127.0.0.1'),
  express: async (health) => {
    const app = express();
    app.get('/_health', health);
    app.get('/live', health.live);
    app.use('/ready', health.ready);
    return app.listen(0, '127.0.0.1');
  },
  fastify: async (health) => {
    const app = fastify();
    app.get('/_health', health);
    app.get('/live', health.live);
    app.route({ method: ['GET', 'HEAD'], url: '/ready', handler: health.ready });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  hono: async (health) => {
    const app = new Hono<{ Bindings: HttpBindings }>();
    for (const [path, endpoint] of [
      ['/_health', health],
      ['/live', health.live],
      ['/ready', health.ready],
    ] as const) {
      app.get(path, async () => {
        const answer = await endpoint.answer();
        return new Response(answer.body, answer);
      });
    }
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  },
  koa: async (health) => {
    const app = new Koa();
    const endpoints = new Map(
      Object.entries({ '/_health': health, '/live': health.live, '/ready': health.ready }),
    );
    app.use(async (ctx) => {
      const { status, headers, body } = (await endpoints.get(ctx.path)?.answer()) ?? {};
      if (headers) ctx.set(headers);
      Object.assign(ctx, { status, body });
    });
    return app.listen(0, '127.0.0.1');
  },
};

it.each(Object.entries(frameworks))(
  '%s: answers health, live and ready, to GET and to HEAD',
  async (_, start) => {
    const { handle, health } = startHealth();
    const server = await start(health);
    if (!server.listening) await once(server, 'listening');
    const ask = async (path: string, method = 'GET') => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      const response = await fetch(url, { method, headers: { connection: 'close' } });
      const [type, cache] = ['content-type', 'cache-control'].map((name) => response.headers.get(name));
      return [response.status, type?.split(';')[0], cache, await response.text()];
    };
    expect(await ask('/_health')).toEqual([200, 'text/plain', 'no-store', 'ok']);
    expect(await ask('/live')).toEqual([200, 'text/plain', 'no-store', 'ok']);
    expect(await ask('/ready')).toEqual([200, 'application/json', 'no-store', okJson]);
    expect(await ask('/ready', 'HEAD')).toEqual([200, 'application/json', 'no-store', '']);
    handle.state = 'draining';
    expect(await ask('/_health')).toEqual([503, 'text/plain', 'no-store', 'draining']);
    expect(await ask('/live')).toEqual([200, 'text/plain', 'no-store', 'ok']);
    expect(await ask('/ready')).toEqual([503, 'application/json', 'no-store', goneJson]);
    expect(await ask('/_health', 'HEAD')).toEqual([503, 'text/plain', 'no-store', '']);
    server.close();
  },
);

it('answers over HTTP/2, also in fastify', async () => {
  const { handle, health } = startHealth();
  const app = fastify({ http2: true });
  app.get('/ready', health.ready);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const bare = createHttp2Server(health.ready).listen(0, '127.0.0.1');
  for (const server of [app.server, bare]) {
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const ask = async (method: string) => {
      const stream = session.request({ ':path': '/ready', ':method': method });
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      return [headers[':status'], headers['content-type'], await text(stream)];
    };
    handle.state = 'running';
    expect(await ask('GET')).toEqual([200, 'application/json', okJson]);
    expect(await ask('HEAD')).toEqual([200, 'application/json', '']);
    handle.state = 'draining';
    expect(await ask('GET')).toEqual([503, 'application/json', goneJson]);
    session.close();
  }
  bare.close();
  await app.close();
});
