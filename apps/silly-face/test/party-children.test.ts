import { createServer } from 'node:net';
import { once } from 'node:events';
import { freePort } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { readPartyConfig } from '../src/config.ts';
import { partyProcessId } from '../src/party/process-id.ts';
import { partyChildren, partySockets, planParty } from '../src/party-children.ts';

describe('the plan of the party processes', () => {
  it('is two of them, each with two ports of its own', async () => {
    const plan = await planParty({ PARTY_PORT: '21337', PARTY_WEB_SOCKET_PORT: '22337' });
    expect(partySockets(plan)).toEqual({
      'party-1': { host: '127.0.0.1', port: 21_337 },
      'party-1-web-socket': { host: '127.0.0.1', port: 22_337 },
      'party-2': { host: '127.0.0.1', port: 21_338 },
      'party-2-web-socket': { host: '127.0.0.1', port: 22_338 },
    });
    const children = partyChildren(plan, {
      environment: { DATABASE_URL: 'postgres://db' },
      after: ['migrate'],
    });
    expect(children.map(({ name, sockets, env }) => ({ name, sockets, env }))).toMatchObject([
      { name: 'party-1', sockets: ['party-1', 'party-1-web-socket'], env: { PARTY_NAME: 'party-1' } },
      { name: 'party-2', sockets: ['party-2', 'party-2-web-socket'], env: { DATABASE_URL: 'postgres://db' } },
    ]);
  });

  it('takes the next free ports when none were asked for', async () => {
    const { places } = await planParty({});
    expect(places).toHaveLength(2);
    for (const { port, webSocketPort } of places) {
      expect(port).toBeGreaterThanOrEqual(31_337);
      expect(webSocketPort).toBeGreaterThanOrEqual(32_337);
    }
  });

  it('keeps to the port that was asked for, taken or not', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    await once(holder, 'listening');
    const { places } = await planParty({
      PARTY_PORT: String(port),
      PARTY_WEB_SOCKET_PORT: '0',
      PARTY_PROCESSES: '1',
    });
    expect(places).toMatchObject([{ port, webSocketPort: 0 }]);
    holder.close();
  });

  it('tells each process where it is reached from outside', async () => {
    const { places } = await planParty({
      PARTY_PORT: '0',
      PARTY_WEB_SOCKET_PORT: '0',
      PARTY_ADVERTISED_PORT: '4000',
      PARTY_WEB_SOCKET_URL: 'wss://silly.example/{name}',
    });
    expect(places.map(({ environment }) => environment)).toEqual([
      { PARTY_ADVERTISED_PORT: '4000', PARTY_WEB_SOCKET_URL: 'wss://silly.example/party-1' },
      { PARTY_ADVERTISED_PORT: '4001', PARTY_WEB_SOCKET_URL: 'wss://silly.example/party-2' },
    ]);
  });

  it('is another one with each start: who is cut off shares no id with whoever takes its name and its numbers elsewhere', async () => {
    const identify = async (): Promise<string[]> => {
      const plan = await planParty({ HOST_ID: 'h1', PARTY_PORT: '0', PARTY_WEB_SOCKET_PORT: '0' });
      return partyChildren(plan, { environment: {}, after: [] }).map(({ env = {} }) => {
        const { hostId, name, run = '' } = readPartyConfig({ ...env, LISTEN_FDS: '2' });
        return partyProcessId({ hostId, name, run, pid: 42 });
      });
    };
    const ids = [...(await identify()), ...(await identify())];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^h1\/party-[12]\/42\/[0-9a-f]{16}$/);
  });

  it('can be nobody', async () => {
    const plan = await planParty({ PARTY_PROCESSES: '0' });
    expect(partyChildren(plan, { environment: {}, after: [] })).toEqual([]);
    await expect(planParty({ PARTY_PROCESSES: 'two' })).rejects.toThrow(
      'Expected PARTY_PROCESSES to be a whole number from 0 to 100, got two',
    );
  });
});
