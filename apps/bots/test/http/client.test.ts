import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { ServiceTrouble } from '../../src/errors.ts';
import { HttpClient, type HttpClientOptions } from '../../src/http/client.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

async function serve(listener: Listener): Promise<{ url: URL; connections: () => number } & AsyncDisposable> {
  let connections = 0;
  const server = createServer((request, response) => void listener(request, response)).on(
    'connection',
    () => (connections += 1),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const forEver = new AbortController().signal;
const client = (url: URL, options: Partial<HttpClientOptions> = {}): HttpClient =>
  new HttpClient({ url, signal: forEver, backoffMs: 1, ...options });
const post = {
  method: 'POST',
  path: '/guesses',
  headers: { 'content-type': 'text/plain' },
  body: 'lemon face',
} as const;

describe('a POST is repeated byte for byte with its Idempotency-Key', () => {
  test.each(['502', '503', '504', 'cut before the answer', 'cut in the answer'])(
    'after: %s',
    async (failure) => {
      const heard: { key: unknown; body: string }[] = [];
      await using server = await serve(async (request, response) => {
        heard.push({ key: request.headers['idempotency-key'], body: (await buffer(request)).toString() });
        if (heard.length === 3) return response.end('done');
        if (failure === 'cut before the answer') return response.destroy();
        if (!failure.startsWith('cut')) return response.writeHead(Number(failure)).end();
        response.writeHead(200, { 'content-length': 100 });
        return response.write('do', () => response.destroy());
      });
      const answer = await client(server.url).send(post);
      expect(answer).toMatchObject({ status: 200, request: 'POST /guesses → 200' });
      expect(answer.body.toString()).toBe('done');
      expect(heard).toHaveLength(3);
      expect(heard[0]).toEqual({
        key: expect.stringMatching(/^[\x21-\x7e]{1,255}$/) as string,
        body: 'lemon face',
      });
      expect(new Set(heard.map((one) => JSON.stringify(one))).size).toBe(1);
    },
  );
});

test('each POST has its own key, a GET has none, and connections are kept', async () => {
  const keys: unknown[] = [];
  await using server = await serve((request, response) => {
    keys.push(request.headers['idempotency-key']);
    request.resume().on('end', () => response.end());
  });
  for (let times = 0; times < 10; times += 1) await client(server.url).send(post);
  await client(server.url).send({ method: 'GET', path: '/me' });
  expect(new Set(keys).size).toBe(11);
  expect(keys.at(-1)).toBeUndefined();
  // Two, because fetch may hand out an answer a moment before it takes its connection back.
  expect(server.connections()).toBeLessThanOrEqual(2);
});

test.each([200, 201, 301, 400, 401, 409, 422, 500])('%i is an answer and is not repeated', async (status) => {
  let heard = 0;
  await using server = await serve((_, response) => {
    heard += 1;
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  expect(await client(server.url).send({ method: 'GET', path: '/me' })).toMatchObject({ status });
  expect(heard).toBe(1);
});

describe('trouble that stays is a typed error that names it', () => {
  test('503 with a problem', async () => {
    let heard = 0;
    await using server = await serve((_, response) => {
      heard += 1;
      const headers = { 'content-type': 'application/problem+json', 'retry-after': '0' };
      response.writeHead(503, headers).end('{"code": "database-unavailable"}');
    });
    await expect(client(server.url, { attempts: 3 }).send(post)).rejects.toMatchObject({
      name: 'ServiceTrouble',
      code: 'service-trouble',
      condition: '503 database-unavailable',
      request: 'POST /guesses → 503',
    });
    expect(heard).toBe(3);
  });

  test('nobody listens', async () => {
    const server = await serve(() => {});
    await server[Symbol.asyncDispose]();
    await expect(client(server.url).send(post)).rejects.toMatchObject({
      condition: 'connection refused',
      request: 'POST /guesses',
      cause: expect.any(Error) as Error,
    });
  });

  test('no answer, and an answer without an end', async () => {
    for (const listener of [() => {}, (_, response) => void response.write('a')] satisfies Listener[]) {
      await using server = await serve(listener);
      const error = await client(server.url, { timeLimitMs: 50, attempts: 2 })
        .send(post)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ServiceTrouble);
      expect(error).toMatchObject({ condition: 'no answer within 50 ms' });
    }
  });
});

test('stopping ends a request on its way and a pause between two attempts at once', async () => {
  for (const listener of [
    () => {},
    (_, response) => void response.writeHead(503).end(),
  ] satisfies Listener[]) {
    const stopping = new AbortController();
    await using server = await serve((request, response) => {
      listener(request, response);
      setImmediate(() => stopping.abort());
    });
    const sending = client(server.url, { signal: stopping.signal, backoffMs: 600_000 }).send(post);
    await expect(sending).rejects.toMatchObject({ name: 'Stopped', code: 'stopped' });
  }
  const stopped = AbortSignal.abort();
  await expect(client(new URL('http://127.0.0.1'), { signal: stopped }).send(post)).rejects.toMatchObject({
    name: 'Stopped',
  });
});
