import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Supervisor, httpCheck, lineCheck, type HealthCheck } from '@silly-face/supervisor';
import { certificate, openDescriptors, waitUntil } from '@silly-face/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { portOf } from './observe.ts';

const supervisor = new Supervisor();
afterAll(() => supervisor.stop());

let checks = 0;

/** What comes of the first check of a child: 'healthy', or the reason. */
async function verdict(
  healthCheck: HealthCheck,
  port?: number,
  healthCheckTimeoutMs = 60_000,
): Promise<string> {
  const name = `check-${++checks}`;
  let reason = 'healthy';
  const onState = (event: { child: string; to: string; reason: string }): void => {
    if (event.child === name && event.to === 'unhealthy') reason = event.reason;
  };
  supervisor.on('state', onState);
  const child = supervisor.add({
    name,
    command: 'sleep',
    args: ['600'],
    port,
    healthCheck,
    healthCheckTimeoutMs,
    readiness: 'spawn',
    healthCheckIntervalMs: 10,
    unhealthyThreshold: 1_000_000,
  });
  await waitUntil(() => child.status().healthLatencyMs !== undefined, { what: 'the first check' });
  await child.stop();
  supervisor.off('state', onState);
  return reason.replace(`Health check of child "${name}" failed: `, '');
}

const answerInJson: RequestListener = (request, response) => {
  const status = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 200);
  if (status === 302) response.setHeader('Location', '/200');
  const body = JSON.stringify({ ok: status === 200, host: request.headers.host, load: { one: 1 } });
  response.writeHead(status).end(request.url === '/long' ? 'x'.repeat(2_000) : body);
};

const http = createHttpServer(answerInJson);
const https = createHttpsServer(certificate, answerInJson);
beforeAll(async () => {
  for (const server of [http, https]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  http.close();
  https.close();
});

test.each<[HealthCheck, string]>([
  [httpCheck({ path: '/204' }), 'healthy'],
  [httpCheck({ path: '/302' }), 'GET /302 was answered with 302'],
  [httpCheck({ path: '/302', status: [200, 399] }), 'healthy'],
  [httpCheck({ path: '/503', status: 503 }), 'healthy'],
  [{ type: 'http', path: '/200', body: { json: { ok: true, load: { one: 1 } } } }, 'healthy'],
  [{ type: 'http', path: '/200', headers: { Host: 'example.org' }, body: 'example.org' }, 'healthy'],
  [{ type: 'http', path: '/200', body: { pattern: '"OK":TRUE', flags: 'i' } }, 'healthy'],
  [httpCheck({ path: '/long', body: /^x+$/, maxBodyBytes: 2_000 }), 'healthy'],
  [httpCheck({ path: '/long', body: /^x+$/, maxBodyBytes: 1_999 }), 'the body is longer than 1999 bytes'],
  [
    { type: 'http', path: '/long', body: { json: {} } },
    `GET /long was answered with an unexpected body: "${'x'.repeat(200)}" …`,
  ],
])('the HTTP check %j says %j', async (check, outcome) => {
  expect(await verdict(check, portOf(http))).toBe(outcome);
});

test('HTTPS asks for a certificate that it can trust, unless it is told not to', async () => {
  const port = portOf(https);
  expect(await verdict({ type: 'http', tls: true }, port)).toMatch(/self[- ]signed certificate/);
  expect(await verdict({ type: 'http', tls: true, rejectUnauthorized: false }, port)).toBe('healthy');
});

test('a server that never answers is given up, and nothing of the check is left', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket
      .on('error', () => {})
      .on('close', () => sockets.delete(socket))
      .resume();
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const before = openDescriptors();
  for (const check of [httpCheck(), httpCheck({ tls: true }), lineCheck({ send: 'RING', expect: 'HI' })]) {
    expect(await verdict(check, portOf(silent), 100)).toBe('no answer within 100 ms');
  }
  await waitUntil(() => sockets.size === 0, { what: 'closed connections' });
  await waitUntil(() => openDescriptors() <= before, { what: 'closed descriptors' });
  silent.close();
});

test('a check may connect to a unix socket of the child', async () => {
  const folder = temporaryFolder();
  const socketPath = join(folder, 'api.sock');
  const server = createHttpServer(answerInJson).listen(socketPath);
  await once(server, 'listening');
  expect(await verdict({ type: 'http', socketPath })).toBe('healthy');
  expect(await verdict({ type: 'tcp', socketPath })).toBe('healthy');
  server.close();
});

/** A server that says these things, a moment apart, and then the answers to what it hears. */
async function lineServer(
  greeting: readonly string[],
  answers: Record<string, string> = {},
): Promise<Server> {
  const server = createServer((socket) => {
    socket
      .setNoDelay(true)
      .setEncoding('utf8')
      .on('error', () => {});
    let heard = '';
    socket.on('data', (text: string) => {
      heard += text;
      const answer = answers[heard];
      if (answer === undefined) return;
      heard = '';
      socket.write(answer);
    });
    void greet(socket, greeting);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function greet(socket: Socket, greeting: readonly string[]): Promise<void> {
  for (const part of greeting) {
    socket.write(part);
    await sleep(20);
  }
}

test('the check of a party: a greeting in pieces, RING, AHOY-HOY', async () => {
  const server = await lineServer(['{"cmd":"PLS', 'AUTH","v":1}\r', '\n'], {
    '{"cmd":"RING"}\r\n': '{"cmd":"AHOY-HOY"}\r\n',
  });
  const check: HealthCheck = {
    type: 'line',
    greeting: { json: { cmd: 'PLSAUTH' } },
    send: { json: { cmd: 'RING' } },
    expect: { json: { cmd: 'AHOY-HOY' } },
  };
  expect(await verdict(JSON.parse(JSON.stringify(check)) as HealthCheck, portOf(server))).toBe('healthy');
  expect(await verdict({ ...check, expect: { json: { cmd: 'BUSY' } } }, portOf(server))).toBe(
    String.raw`unexpected answer to "{\"cmd\":\"RING\"}": "{\"cmd\":\"AHOY-HOY\"}"`,
  );
  server.close();
});

test('several exchanges follow each other, in lines that end in LF', async () => {
  const server = await lineServer([], { 'HELO a\n': '250-one\n250 two\n', 'QUIT\n': '221 bye\n' });
  const check: HealthCheck = {
    type: 'line',
    greeting: false,
    lineEnding: '\n',
    steps: [
      { send: 'HELO a', expect: /^250-/ },
      { expect: '250 two' },
      { send: 'QUIT', expect: { pattern: '^221' } },
    ],
  };
  expect(await verdict(check, portOf(server))).toBe('healthy');
  server.close();
});

test('a server that talks too much, says what it should not, or hangs up fails', async () => {
  const chatty = await lineServer(Array.from({ length: 100 }, () => 'x'.repeat(100)));
  expect(await verdict(lineCheck({ maxBytes: 1_000 }), portOf(chatty))).toBe('it said more than 1000 bytes');
  const mistaken = await lineServer(['[1]\r\n']);
  expect(await verdict(lineCheck({ greeting: { json: { 0: 1 } } }), portOf(mistaken))).toBe(
    'unexpected greeting: "[1]"',
  );
  const rude = createServer((socket) => socket.end('HI\r\n')).listen(0, '127.0.0.1');
  await once(rude, 'listening');
  expect(await verdict(lineCheck({ expect: 'HO' }), portOf(rude))).toBe(
    'the connection ended before the answer to "nothing"',
  );
  for (const server of [chatty, mistaken, rude]) server.close();
});

test('what a function says counts once, and only in time', async () => {
  expect(
    await verdict((_port, callback) => {
      callback(true);
      callback(false);
    }),
  ).toBe('healthy');
  const spoken = [0, undefined, null, ''];
  for (const word of spoken) {
    expect(await verdict((_port, callback) => callback(word as unknown as boolean))).toBe('it said so');
  }
  expect(await verdict((_port, callback) => callback(new Error('sick') as unknown as boolean))).toBe('sick');
  expect(await verdict(() => null as unknown as boolean)).toBe('it said so');
  let late: ((healthy: boolean) => void) | undefined;
  expect(await verdict((_port, callback) => void (late = callback), undefined, 50)).toBe(
    'no answer within 50 ms',
  );
  late?.(true);
  let fail: ((error: Error) => void) | undefined;
  const failing = (): Promise<boolean> => new Promise((_, reject) => (fail = reject));
  expect(await verdict(failing, undefined, 20)).toBe('no answer within 20 ms');
  fail?.(new Error('too late to matter'));
  await sleep(150);
});

test('a child that is stopping is not judged: the verdict of its last check falls on nobody', async () => {
  let callback: ((healthy: boolean) => void) | undefined;
  const states: string[] = [];
  const own = new Supervisor({
    children: [
      {
        name: 'it',
        command: 'sh',
        args: ['-c', 'trap "sleep 0.3; exit 0" TERM; while :; do sleep 0.01; done'],
        readiness: 'spawn',
        healthCheck: (_port, answer) => void (callback = answer),
        healthCheckIntervalMs: 10,
        unhealthyThreshold: 1,
      },
    ],
  });
  own.on('state', ({ to }) => states.push(to));
  await own.start();
  await waitUntil(() => callback, { what: 'a check' });
  const stopped = own.stop();
  callback?.(false);
  await stopped;
  expect(states).toEqual(['starting', 'ready', 'stopping', 'stopped']);
});

test('the first checks of several instances are spread over the interval', async () => {
  const asked: number[] = [];
  const own = new Supervisor({
    children: [
      {
        name: 'it',
        command: 'sleep',
        args: ['600'],
        instances: 20,
        port: 20_000,
        readiness: 'spawn',
        healthCheck: (port) => void asked.push(port),
        healthCheckIntervalMs: 2_000,
      },
    ],
  });
  await own.start();
  await waitUntil(() => asked.length > 0, { what: 'the first one' });
  // All at once would be all of them by now.
  expect(asked.length).toBeLessThan(20);
  await waitUntil(() => new Set(asked).size === 20, { what: 'the last one' });
  await own.stop();
});
