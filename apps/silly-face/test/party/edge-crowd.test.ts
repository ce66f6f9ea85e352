import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { lineCheck } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { partyChildren, planParty } from '../../src/party-children.ts';
import { expectBye, OneRoom, startEdge, UPGRADE } from './edge-rig.ts';
import type { Transport } from './party-client.ts';

const limits = { connections: 2, newcomers: 5, closeTimeoutMs: 60_000 };
/** As the supervisor asks a party process. */
async function checkHealth(port: number): Promise<void> {
  const plan = await planParty({ PARTY_PORT: '0', PARTY_WEB_SOCKET_PORT: '0', PARTY_PROCESSES: '1' });
  const [child] = partyChildren(plan, { environment: {}, after: [] });
  const { type, ...check } = { ...(child?.healthCheck as { type: string }) };
  expect(type).toBe('line');
  const target = { child: 'party-1', port, address: () => undefined };
  await lineCheck(check).probe(target, AbortSignal.timeout(5_000));
}

/** Sockets that say this and nothing more, and neither read nor close. */
async function crowd(port: number, count: number, says = ''): Promise<Socket[]> {
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let index = 0; index < count; index += 1) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => {}); // It may be reset.
    await once(socket, 'connect');
    socket.write(says);
  }
  return sockets;
}

async function allThatCame(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'end');
  return text;
}

describe.each<Transport>(['TCP', 'WebSocket'])('a process that is full, over %s,', (transport) => {
  it('still greets and answers, and says server-full to an AUTH', async () => {
    const { join, connect: come, ports } = await startEdge(new OneRoom(), limits);
    const members = [await join('TCP'), await join('WebSocket')];
    const late = await come(transport);
    await late.next('PLSAUTH');
    late.send({ cmd: 'RING' });
    await late.next('AHOY-HOY');
    await checkHealth(ports.TCP);
    late.send({ cmd: 'AUTH', token: 'any' });
    expect(await expectBye(late, 'server-full')).toBe(transport === 'TCP' ? undefined : 1013);
    await members[0]?.end();
    await join(transport);
    expect(members[1]?.all('BYE')).toEqual([]);
  });

  it('of silent clients lets the oldest give way with a reason, and is healthy', async () => {
    const { join, connect: come, ports, server } = await startEdge(new OneRoom(), limits);
    const member = await join(transport);
    const oldest = await come(transport);
    const silent = await crowd(ports[transport], 40, transport === 'TCP' ? '' : UPGRADE);
    expect(await expectBye(oldest, 'server-full')).toBe(transport === 'TCP' ? undefined : 1013);
    await checkHealth(ports.TCP);
    const newcomer = await join(transport);
    for (const client of [member, newcomer]) {
      client.send({ cmd: 'RING' });
      await client.next('AHOY-HOY');
      expect(client.all('BYE')).toEqual([]);
    }
    const { connections, newcomers } = limits;
    const most = connections + 2 * newcomers;
    await waitUntil(() => server.connections.size <= most, {
      what: 'the oldest of those who leave to be cut',
    });
    // Those who were cut have got their reason, too.
    const [first] = silent;
    expect(await allThatCame(first as Socket)).toContain('"cmd":"BYE","code":"server-full"');
  });

  it('lets nobody give way who has said AUTH', async () => {
    class Slow extends OneRoom {
      override async auth(): Promise<void> {
        await new Promise(() => {});
      }
    }
    const { connect: come, ports, handler } = await startEdge(new Slow(), limits);
    const asking = await come(transport);
    asking.send({ cmd: 'AUTH', token: 'any' });
    asking.send({ cmd: 'RING' });
    await crowd(ports[transport], 20, transport === 'TCP' ? '' : UPGRADE);
    expect(handler.left).toEqual([]);
    expect(asking.all('BYE')).toEqual([]);
  });
});

describe('the HTTP server for WebSockets, full of who asks for nothing,', () => {
  it('says 503 to the oldest, and answers the newest', async () => {
    const { join, ports, server } = await startEdge(new OneRoom(), limits);
    const member = await join('WebSocket');
    const silent = await crowd(ports.WebSocket, 40);
    expect(await allThatCame(silent[0] as Socket)).toMatch(/^HTTP\/1.1 503 /);
    const response = await fetch(`http://127.0.0.1:${ports.WebSocket}/`);
    expect([response.status, response.headers.get('connection')]).toEqual([426, 'close']);
    await join('WebSocket');
    expect(member.all('BYE')).toEqual([]);
    const open = (): Promise<number> =>
      new Promise((resolve) => server.webSocket.getConnections((_, count) => resolve(count)));
    await waitUntil(async () => (await open()) <= 2 + limits.newcomers, { what: 'the others to be gone' });
  });

  it('keeps no connection for a second request', async () => {
    const { ports } = await startEdge(new OneRoom(), limits, undefined, (_, response) =>
      response.end('page'),
    );
    const socket = connect({ port: ports.WebSocket, host: '127.0.0.1' });
    socket.write('GET /live HTTP/1.1\r\nHost: silly\r\n\r\n');
    expect(await allThatCame(socket)).toMatch(/Connection: close/i);
  });
});
