import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, ask, newPlayer } from './client.ts';
import { type Rig, startRig } from './rig.ts';

const limits = { addressPerMinute: 5, playerPerMinute: 3, credentialsPerMinute: 2 };
const proxied = await startRig({ http: { trustProxy: ['loopback'], limits } });
const direct = await startRig({ http: { limits } });
afterAll(async () => {
  await proxied[Symbol.asyncDispose]();
  await direct[Symbol.asyncDispose]();
});

/** One after the other. */
async function statuses(count: number, request: () => Promise<Answer>): Promise<number[]> {
  const found: number[] = [];
  for (let index = 0; index < count; index++) found.push((await request()).status);
  return found;
}

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const faces = (rig: Rig, address: string): Promise<Answer> => ask(rig.url, 'GET', '/faces', from(address));
const logIn = (address: string): Promise<Answer> =>
  ask(proxied.url, 'POST', '/sessions', {
    json: { name: 'nobody', password: 'long enough' },
    ...from(address),
  });

describe('who asks too often is answered with 429:', () => {
  it('an address, whatever it asks, and others are served', async () => {
    expect(await statuses(6, () => faces(proxied, '203.0.113.1'))).toEqual([401, 401, 401, 401, 401, 429]);
    const refused = await faces(proxied, '203.0.113.1');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited', status: 429 } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await faces(proxied, '203.0.113.2')).status).toBe(401);
  });

  it('an address that claims to be others', async () => {
    let claimed = 0;
    const asked = await statuses(6, () => faces(proxied, `198.51.100.${++claimed}, 203.0.113.3`));
    expect(asked.at(-1)).toBe(429);
  });

  it('a player, from wherever', async () => {
    const anna = await newPlayer(proxied);
    let address = 10;
    expect(await statuses(4, () => anna.get('/faces', from(`203.0.113.${++address}`)))).toEqual([
      200, 200, 200, 429,
    ]);
  });

  it('who logs in, sooner', async () => {
    expect(await statuses(3, () => logIn('203.0.113.30'))).toEqual([401, 401, 429]);
  });
});

describe('is never limited:', () => {
  it('a program on this machine, directly or through the proxy', async () => {
    expect(await statuses(10, () => ask(direct.url, 'GET', '/faces'))).toEqual(Array(10).fill(401));
    expect(await statuses(10, () => faces(proxied, '127.0.0.1'))).toEqual(Array(10).fill(401));
  });

  it('health', async () => {
    const asked = await statuses(10, () => ask(proxied.url, 'GET', '/ready', from('203.0.113.40')));
    expect(asked).toEqual(Array(10).fill(200));
  });
});

it('behind a proxy that is not trusted all have its address', async () => {
  await statuses(5, () => faces(direct, '203.0.113.50'));
  expect((await faces(direct, '203.0.113.51')).status).toBe(429);
});
