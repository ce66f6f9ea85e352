import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { waitUntil } from '@silly-face/testing';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

/** A client that keeps one connection. */
class Client implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #host: string;
  readonly #port: number;

  constructor(port: number, host = '127.0.0.1') {
    this.#port = port;
    this.#host = host;
  }

  async ask(
    path: string,
  ): Promise<[status: number | undefined, connection: string | undefined, body: string]> {
    const response = await this.open(path);
    return [response.statusCode, response.headers.connection, await text(response)];
  }

  async open(path: string): Promise<IncomingMessage> {
    const request = get({ agent: this.#agent, host: this.#host, port: this.#port, path });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

const arrived = (child: FixtureProcess): Promise<unknown> =>
  waitUntil(() => child.messages.includes('arrived'), { what: 'the request to arrive' });

it.each(['express', 'fastify', 'hono', 'koa', 'nest'])(
  '%s: flips its health, ends streams, answers what is in flight, then runs its own hooks',
  async (framework) => {
    await using child = await FixtureProcess.start(`frameworks/${framework}.mjs`);
    using probe = new Client(child.port);
    using reader = new Client(child.port);
    using user = new Client(child.port);
    expect(await probe.ask('/_health')).toEqual([200, 'keep-alive', 'ok']);
    expect(await probe.ask('/ready')).toEqual([200, 'keep-alive', '{"status":"ok","checks":{}}']);
    const events = await reader.open('/events');
    const answer = user.ask('/');
    await arrived(child);

    child.kill('SIGTERM');
    await child.prints('Received SIGTERM');
    expect(await text(events)).toMatch(/^data: 1$/m);
    expect(await probe.ask('/ready')).toEqual([503, 'close', '{"status":"draining","checks":{}}']);
    child.send('release');
    expect(await answer).toEqual([200, 'close', 'answered']);

    // The head of the stream was written before the signal and could not announce the end of its connection.
    reader[Symbol.dispose]();
    const { code, output } = await child.ended;
    expect(output).toMatch(/answers\n[^]*closed/);
    expect(output.match(/closed/g)).toHaveLength(1);
    expect(output).toContain('Shutdown (SIGTERM) was clean');
    expect(code).toBe(0);
  },
);

// What app.close() of Nest and of fastify waits for: nestjs/nest#7611, nestjs/nest-cli#1487.
it.each(['fastify', 'nest'])('%s: ends while a client never stops asking', async (framework) => {
  await using child = await FixtureProcess.start(`frameworks/${framework}.mjs`);
  using scraper = new Client(child.port);
  const answers: unknown[] = [await scraper.ask('/_health')];
  const refusal = (async () => {
    for (;;) answers.push(await scraper.ask('/_health'));
  })().catch((error: unknown) => error);
  child.kill('SIGTERM');
  // Reset: it was connected between the last look at the backlog and the end of the listener.
  expect(await refusal).toMatchObject({ code: expect.stringMatching(/^ECONN(REFUSED|RESET)$/) });
  expect(answers.at(-1)).toEqual([503, 'close', 'draining']);
  const { code, output } = await child.ended;
  expect(output).toContain('Shutdown (SIGTERM) was clean');
  expect(code).toBe(0);
});

// A stream that the shutdown ends leaves an idle connection (fastify/fastify#7044), and some have never carried a request
// (nodejs/node#63452): close() waits for those.
it('fastify: does not wait for connections that carry nothing', async () => {
  await using child = await FixtureProcess.start('frameworks/fastify.mjs', {
    options: { idleGraceMs: 50, headTimeoutMs: 50 },
  });
  using idle = new Client(child.port);
  using reader = new Client(child.port);
  await idle.ask('/_health');
  const events = text(await reader.open('/events'));
  const sockets = ['', 'GET / HTTP/1.1\r\nHost: half'].map((sent) => {
    const socket = connect(child.port, '127.0.0.1').resume();
    // Ended by a FIN or by a reset: both are right.
    socket.on('error', () => socket.destroy()).write(sent);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  child.kill('SIGTERM');
  expect(await events).toBe('data: 1\n\n');
  const { code, output } = await child.ended;
  expect(output).toContain('Shutdown (SIGTERM) was clean');
  expect(code).toBe(0);
});

// fastify/fastify#7043: its own close() ends while requests to the second are in flight.
it('fastify: drains both servers that it opens for localhost', async () => {
  await using child = await FixtureProcess.start('frameworks/fastify-localhost.mjs');
  using user = new Client(child.port, '127.0.0.2');
  const answer = user.ask('/');
  await arrived(child);
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  child.send('release');
  expect(await answer).toEqual([200, 'close', 'answered']);
  const { code, output } = await child.ended;
  expect(output).toMatch(/answers\n[^]*closed/);
  expect(code).toBe(0);
});

it('ws: closes WebSockets with 1001 through the signal', async () => {
  await using child = await FixtureProcess.start('websocket.mjs');
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(output).toContain('closed with 1001 going away');
  expect(code).toBe(0);
});
