// As nginx reaches an API process: by a socket in a folder, whose other end has no address.
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { trustedProxies } from '../../src/http/trusted-proxies.ts';
import { startRig } from './rig.ts';

const limits = { addressPerMinute: 2, playerPerMinute: 0, credentialsPerMinute: 0 };
const rig = await startRig({ http: { trustProxy: ['loopback'], limits } });
const folder = await mkdtemp(join(tmpdir(), 'silly-face-socket-'));
const socketPath = join(folder, 'api.sock');
const server = createServer((asked, answer) => rig.server.emit('request', asked, answer)).listen(socketPath);
await once(server, 'listening');
afterAll(async () => {
  server.close();
  await rig[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function get(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const asked = request({ socketPath, path, headers, agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer;
}

const proxied = {
  'x-forwarded-for': '203.0.113.1',
  'x-forwarded-proto': 'https',
  'x-request-id': 'a'.repeat(32),
};

describe('over a unix socket', () => {
  it('the proxy is believed', async () => {
    const { headers } = await get('/live', proxied);
    expect(headers['x-request-id']).toBe(proxied['x-request-id']);
    expect(headers['strict-transport-security']).toBeDefined();
  });

  it('metrics are for who asks there directly', async () => {
    expect((await get('/metrics')).statusCode).toBe(200);
    expect((await get('/metrics', proxied)).statusCode).toBe(403);
  });

  it('those elsewhere are counted, and those here are not', async () => {
    for (const expected of [401, 401, 429]) expect((await get('/me', proxied)).statusCode).toBe(expected);
    for (let index = 0; index < 4; index++) expect((await get('/me')).statusCode).toBe(401);
  });
});

describe('a trusted proxy', () => {
  const trusts = trustedProxies(['loopback', '10.1.0.0/16', 'fd00::/8', '192.0.2.1']);

  it.each(['127.0.0.1', '::ffff:127.0.0.1', '::1', '10.1.2.3', 'fd12::1', '192.0.2.1', undefined])(
    'is %s',
    (address) => {
      expect(trusts(address)).toBe(true);
    },
  );

  it.each(['10.2.0.1', '192.0.2.2', 'fe80::1', 'unknown', ''])('is not %j', (address) => {
    expect(trusts(address)).toBe(false);
  });
});
